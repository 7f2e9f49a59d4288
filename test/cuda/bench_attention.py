"""The attention kernels beside PyTorch's on one card. Prints a table; ARROWHEAD_BENCH_JSON names a file for the numbers."""

import json
import os
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa

from kernels import CACHED, FULL, Plan
from reference import block_of, keep_mask

MILLISECONDS = int(os.environ.get("ARROWHEAD_BENCH_MS", "120"))
CEILING = 797e12  # bf16 matrix products measured on an H200
results = []


def median_ms(run, milliseconds=MILLISECONDS):
    """`run(i)` uses the i-th of several input sets. Every method runs as long as every other, after a pause: a hot card
    is a slow card."""
    for i in range(3):
        run(i)
    torch.cuda.synchronize()
    begin = time.perf_counter()
    run(0)
    torch.cuda.synchronize()
    rounds = max(5, int(milliseconds / (time.perf_counter() - begin) / 1000))
    time.sleep(0.5)
    run(0)
    events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(rounds)]
    for i, (begin, end) in enumerate(events):
        begin.record()
        run(i)
        end.record()
    torch.cuda.synchronize()
    times = sorted(begin.elapsed_time(end) for begin, end in events)
    return times[len(times) // 2]


def inputs(batch, tokens, heads, dim, dtype, sets=3):
    return [torch.randn(batch, tokens, 3, heads, dim, device="cuda", dtype=dtype).unbind(2) for _ in range(sets)]


def report(name, ms, flops, **against):
    tflops = flops / ms / 1e9
    row = dict(name=name, ms=ms, tflops=tflops, of_ceiling=tflops * 1e12 / CEILING, **against)
    results.append(row)
    extra = "  ".join(f"{key} {value:.3f}" for key, value in against.items())
    print(f"{name:58s} {ms:8.3f} ms {tflops:7.0f} TFLOP/s  {extra}", flush=True)
    return ms


def own(sets, layout, windows, dtype, mma=False):
    q = sets[0][0]
    batch, tokens, heads, dim = q.shape
    plan = Plan(batch, heads, dim, dtype, *layout, windows)
    outs = [torch.empty(batch, tokens, heads, dim, device="cuda", dtype=dtype) for _ in sets]
    ms = median_ms(lambda i: plan.run(*sets[i % len(sets)], outs[i % len(sets)], mma))
    kept = plan.key_blocks() * 64 * 128 / (batch * heads * tokens * tokens)
    return ms, kept


def peer(sets, backend):
    views = [tuple(t.transpose(1, 2).contiguous() for t in qkv) for qkv in sets]
    with sdpa_kernel(backend):
        return median_ms(lambda i: sdpa(*views[i % len(views)]))


def flex(sets, layout, window):
    """FlexAttention with the same kept blocks, compiled."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    text, image, text_first = layout
    tokens, dim = text + image, sets[0][0].shape[3]
    rows, keys = block_of(dim)
    keep = keep_mask(torch.arange(tokens, device="cuda"), *layout, window, (rows, keys), "cuda")

    def kept(batch, head, query, key):
        return keep[query, key]

    mask = create_block_mask(kept, None, None, tokens, tokens, "cuda", BLOCK_SIZE=(rows, keys))
    views = [tuple(t.transpose(1, 2).contiguous() for t in qkv) for qkv in sets]
    compiled = torch.compile(flex_attention)
    return median_ms(lambda i: compiled(*views[i % len(views)], block_mask=mask))


def shape_table(name, batch, heads, text, image, text_first, dim, dtype, cases, mma=False):
    tokens = text + image
    layout = (text, image, text_first)
    sets = inputs(batch, tokens, heads, dim, dtype)
    flops = 4 * batch * heads * tokens * tokens * dim
    cudnn = report(f"{name} full, cuDNN", peer(sets, SDPBackend.CUDNN_ATTENTION), flops)
    fa2 = report(f"{name} full, FlashAttention-2", peer(sets, SDPBackend.FLASH_ATTENTION), flops)
    ms, _ = own(sets, layout, [FULL] * heads, dtype)
    full = report(f"{name} full, own", ms, flops, of_cudnn=cudnn / ms)
    for label, windows, published in cases:
        ms, kept = own(sets, layout, windows, dtype)
        if label.startswith("71%") and dim == 128:
            try:
                peer_ms = flex(sets, layout, windows[0])
                report(f"{name} {label}, FlexAttention", peer_ms, flops * kept, own_faster=peer_ms / ms)
            except Exception as error:  # not every PyTorch compiles it
                print(f"skipped: FlexAttention: {str(error).splitlines()[0]}", flush=True)
        report(f"{name} {label}, own", ms, flops * kept, sparsity=1 - kept, speedup=full / ms,
               of_ideal=full / ms * kept, **({"of_published": published / ms} if published else {}))
    if mma:
        ms, _ = own(sets, layout, [FULL] * heads, dtype, mma=True)
        report(f"{name} full, own mma.sync", ms, flops, of_fa2=fa2 / ms)
    windows = [image // 64, image // 32, image // 16]
    plan = Plan(batch, heads, dim, dtype, *layout, windows, measuring=True).compare([sets[0][2]])
    ms = median_ms(lambda i: plan.measure(*sets[i % len(sets)], download=False))
    report(f"{name} measuring 3 windows and cached, own", ms, flops, of_full=ms / full)


def window_for(sparsity, text, image, text_first, dim):
    """The half-window whose block sparsity comes nearest."""
    best = None
    tokens = text + image
    for window in range(0, image, 64):
        plan = Plan(1, 1, dim, torch.bfloat16, text, image, text_first, [window])
        found = 1 - plan.key_blocks() * 64 * 128 / tokens**2
        if best is None or abs(found - sparsity) < abs(best[0] - sparsity):
            best = (found, window)
        if found < sparsity - 0.02:
            break
    return best[1]


def mixed(image, heads):
    """8 full, 10 arrow/8 and 6 cached heads of 24, in turns, so that neighbours differ."""
    kinds = [FULL] * 8 + [image // 16] * 10 + [CACHED] * 6
    return [kinds[i * 7 % 24] for i in range(heads)]


def main():
    print(torch.cuda.get_device_name(), torch.__version__, flush=True)
    bf16, fp16 = torch.bfloat16, torch.float16
    big = (512, 16384, True, 128)
    shape_table("24x16896x128 bf16", 1, 24, 512, 16384, True, 128, bf16, [
        ("71% sparse", [window_for(0.713, *big)] * 24, 3.00),
        ("75% sparse", [window_for(0.75, *big)] * 24, 2.72),
        ("82% sparse", [window_for(0.82, *big)] * 24, 2.04),
        ("87.5% sparse", [window_for(0.875, *big)] * 24, 1.56),
        ("mixed 8/10/6", mixed(16384, 24), 3.95),
    ], mma=True)
    shape_table("24x4608x128 bf16", 1, 24, 512, 4096, True, 128, bf16, [("mixed 8/10/6", mixed(4096, 24), None)])
    shape_table("2x24x4480x64 fp16", 2, 24, 384, 4096, False, 64, fp16, [])
    small = (333, 4096, False, 64)
    shape_table("2x24x4429x64 fp16", 2, 24, 333, 4096, False, 64, fp16, [
        ("71% sparse", [window_for(0.71, *small)] * 24, 0.33),
        ("76% sparse", [window_for(0.76, *small)] * 24, 0.30),
    ])
    if path := os.environ.get("ARROWHEAD_BENCH_JSON"):
        with open(path, "w") as file:
            json.dump({"device": torch.cuda.get_device_name(), "results": results}, file, indent=1)


if __name__ == "__main__":
    main()
