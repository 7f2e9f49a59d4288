"""The attention kernels beside PyTorch's on one card. Prints a table; ARROWHEAD_BENCH_JSON names a file for the numbers."""

import json
import os
import random
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa

from kernels import CACHED, FULL, Plan
from reference import block_of, keep_mask

MILLISECONDS = int(os.environ.get("ARROWHEAD_BENCH_MS", "30"))
ROUNDS = 9
CEILING = 797e12  # bf16 matrix products measured on an H200
results = []


def in_turns(methods):
    """Median milliseconds of each method; `methods[name](i)` uses the i-th of several input sets. A hot card is a slow card:
    all run in turns, as long as each other, after a pause, and in another order every time, so that nobody always follows
    what heats most."""
    runs = {}
    for name, run in methods.items():
        for i in range(3):
            run(i)
        torch.cuda.synchronize()
        begin = time.perf_counter()
        run(0)
        torch.cuda.synchronize()
        runs[name] = max(3, int(MILLISECONDS / (time.perf_counter() - begin) / 1000))
    times = {name: [] for name in methods}
    order = list(methods.items())
    for turn in range(ROUNDS):
        random.Random(turn).shuffle(order)
        for name, run in order:
            time.sleep(0.2)
            run(0)
            events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(runs[name])]
            for i, (begin, end) in enumerate(events):
                begin.record()
                run(i)
                end.record()
            torch.cuda.synchronize()
            times[name] += [begin.elapsed_time(end) for begin, end in events]
    return {name: sorted(found)[len(found) // 2] for name, found in times.items()}


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
    """A run, and the share of all pairs that it computes."""
    q = sets[0][0]
    batch, tokens, heads, dim = q.shape
    plan = Plan(batch, heads, dim, dtype, *layout, windows)
    outs = [torch.empty(batch, tokens, heads, dim, device="cuda", dtype=dtype) for _ in sets]
    kept = plan.key_blocks() * 64 * 128 / (batch * heads * tokens * tokens)
    return lambda i: plan.run(*sets[i % len(sets)], outs[i % len(sets)], mma), kept


def peer(views, backend):
    def run(i):
        with sdpa_kernel(backend):
            sdpa(*views[i % len(views)])

    return run


def flex(views, layout, window):
    """FlexAttention with the same kept blocks, compiled. None where this PyTorch cannot."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    text, image, _ = layout
    tokens, dim = text + image, views[0][0].shape[3]
    rows, keys = block_of(dim)
    keep = keep_mask(torch.arange(tokens, device="cuda"), *layout, window, (rows, keys), "cuda")

    def kept(batch, head, query, key):
        return keep[query, key]

    mask = create_block_mask(kept, None, None, tokens, tokens, "cuda", BLOCK_SIZE=(rows, keys))
    compiled = torch.compile(flex_attention)
    run = lambda i: compiled(*views[i % len(views)], block_mask=mask)
    try:
        run(0)
    except Exception as error:
        print(f"skipped: FlexAttention: {str(error).splitlines()[0]}", flush=True)
        return None
    return run


def shape_table(name, batch, heads, text, image, text_first, dim, dtype, cases, mma=False):
    tokens = text + image
    layout = (text, image, text_first)
    sets = inputs(batch, tokens, heads, dim, dtype)
    views = [tuple(t.transpose(1, 2).contiguous() for t in qkv) for qkv in sets]
    full = [FULL] * heads
    methods = {
        "full, cuDNN": peer(views, SDPBackend.CUDNN_ATTENTION),
        "full, FlashAttention-2": peer(views, SDPBackend.FLASH_ATTENTION),
        "full, own": own(sets, layout, full, dtype)[0],
    }
    kept = {}
    for label, windows, _ in cases:
        methods[f"{label}, own"], kept[label] = own(sets, layout, windows, dtype)
        if label.startswith("71%") and dim == 128 and (run := flex(views, layout, windows[0])):
            methods[f"{label}, FlexAttention"] = run
    if mma:
        methods["full, own mma.sync"] = own(sets, layout, full, dtype, mma=True)[0]
    windows = [image // 64, image // 32, image // 16]
    plan = Plan(batch, heads, dim, dtype, *layout, windows, measuring=True).compare([sets[0][2]])
    measuring = "measuring 3 windows and cached, own"
    methods[measuring] = lambda i: plan.measure(*sets[i % len(sets)], download=False)

    ms = in_turns(methods)
    flops = 4 * batch * heads * tokens * tokens * dim
    against = {
        "full, own": dict(of_cudnn=ms["full, cuDNN"] / ms["full, own"]),
        measuring: dict(of_full=ms[measuring] / ms["full, own"]),
    }
    if mma:
        against["full, own mma.sync"] = dict(of_fa2=ms["full, FlashAttention-2"] / ms["full, own mma.sync"])
    for label, _, published in cases:
        own_ms = ms[f"{label}, own"]
        speedup = ms["full, own"] / own_ms
        against[f"{label}, own"] = dict(sparsity=1 - kept[label], speedup=speedup, of_ideal=speedup * kept[label],
                                        **({"of_published": published / own_ms} if published else {}))
        if f"{label}, FlexAttention" in ms:
            against[f"{label}, FlexAttention"] = dict(own_faster=ms[f"{label}, FlexAttention"] / own_ms)
    for method, found in ms.items():
        share = kept.get(method.split(",")[0], 1)
        report(f"{name} {method}", found, flops * share, **against.get(method, {}))


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
