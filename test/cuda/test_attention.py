"""The attention kernels against the definition, on random shapes."""

import os
import random

import pytest
import torch

from kernels import CACHED, FULL, Plan
from reference import attention, sdpa

SHAPES = int(os.environ.get("ARROWHEAD_SHAPES", "240"))
# Under compute-sanitizer long sequences take minutes.
LONGEST = int(os.environ.get("ARROWHEAD_LONGEST", "4300"))
POISON = 12345.0


def random_case(seed, dims=(64, 128)):
    rng = random.Random(seed)
    dim = rng.choice(dims)
    longest = min(LONGEST, rng.choice([17, 130, 700, 2500, 4300]))
    tokens = rng.randint(1, longest)
    text = rng.choice([0, min(tokens, rng.randint(0, 700)), tokens, min(tokens, 128)])
    return dict(dim=dim, text=text, image=tokens - text, text_first=rng.random() < 0.5, batch=rng.choice([1, 1, 2]),
                heads=rng.randint(1, 6), dtype=rng.choice([torch.bfloat16, torch.float16]), seed=seed,
                fused=rng.random() < 0.5, spread=rng.choice([0.5, 1.0, 3.0]))


def inputs(case):
    torch.manual_seed(case["seed"])
    shape = (case["batch"], case["text"] + case["image"], case["heads"], case["dim"])
    if case["fused"]:
        qkv = torch.randn(shape[0], shape[1], 3, *shape[2:], device="cuda", dtype=torch.float32)
        q, k, v = (case["spread"] * qkv).to(case["dtype"]).unbind(2)
        return q, k, v
    return tuple((case["spread"] * torch.randn(shape, device="cuda")).to(case["dtype"]) for _ in range(3))


def random_methods(case):
    rng = random.Random(case["seed"] + 1)
    image = case["image"]
    options = [FULL, CACHED, image // 16, image // 32, image // 64, 0, rng.randint(0, max(1, image)), 2**30]
    return [rng.choice(options) for _ in range(case["heads"])]


def check_head(found, q, k, v, layout, window, label):
    """FA-3's rule: at most twice the error of the same-dtype computation by PyTorch, plus rounding."""
    reference = attention(q, k, v, layout, window)
    same_dtype = sdpa(q, k, v, layout, window)
    own = (found.float() - reference).abs().max().item()
    peer = (same_dtype.float() - reference).abs().max().item()
    rounding = torch.finfo(q.dtype).eps * reference.abs().max().item()
    assert own <= 2 * peer + rounding, f"{label}: error {own}, PyTorch's {peer}, rounding {rounding}"


def check_case(case, mma):
    q, k, v = inputs(case)
    layout = (case["text"], case["image"], case["text_first"])
    methods = random_methods(case)
    plan = Plan(case["batch"], case["heads"], case["dim"], case["dtype"], *layout, methods)
    shape = (case["batch"], q.shape[1], case["heads"], case["dim"])
    out = torch.full(shape, POISON, device="cuda", dtype=case["dtype"])
    plan.run(q, k, v, out, mma)
    again = plan.run(q, k, v, torch.full_like(out, POISON), mma)
    torch.cuda.synchronize()
    assert torch.equal(out, again), "two runs differ"
    for b in range(case["batch"]):
        for h, window in enumerate(methods):
            if window == CACHED:
                assert (out[b, :, h] == POISON).all(), "a cached head was written"
                continue
            arrow = None if window == FULL else window
            check_head(out[b, :, h], q[b, :, h], k[b, :, h], v[b, :, h], layout, arrow, f"{case} {window}")
    check_extras(case, (q, k, v), methods, out, mma)


def check_extras(case, qkv, methods, plain, mma):
    """Residuals and sharing heads against the same heads without."""
    rng = random.Random(case["seed"] + 2)
    heads, batch = case["heads"], case["batch"]
    shares = [rng.randint(0, 1) if batch % 2 == 0 else 0 for _ in range(heads)]
    addend_of = [rng.randint(-1, 1) for _ in range(heads)]
    subtract = rng.random() < 0.5
    addends = [torch.randn_like(plain) for _ in range(2)]
    layout = (case["text"], case["image"], case["text_first"])
    plan = Plan(batch, heads, case["dim"], case["dtype"], *layout, methods, shares=shares, addend_of=addend_of)
    plan.combine(addends, subtract)
    out = plan.run(*qkv, torch.full_like(plain, POISON), mma)
    again = plan.run(*qkv, torch.full_like(plain, POISON), mma)
    assert torch.equal(out, again), "two runs differ"
    for h, window in enumerate(methods):
        if window == CACHED:
            assert (out[:, :, h] == POISON).all(), "a cached head was written"
            continue
        found = out[:, :, h].float()
        expected = plain[:, :, h].float()
        if addend_of[h] >= 0:
            expected = addends[addend_of[h]][:, :, h].float() + (-expected if subtract else expected)
        if shares[h]:
            half = batch // 2
            assert torch.equal(out[:half, :, h], out[half:, :, h]), "halves that share differ"
            expected[:half] = expected[half:]
        # The plain output was rounded once, and the sum is.
        eps = torch.finfo(case["dtype"]).eps
        bound = eps * (plain[:, :, h].float().abs().max() + expected.abs().max()).item()
        error = (found - expected).abs().max().item()
        assert error <= bound, f"{case} head {h}: {error} over {bound}"


@pytest.mark.parametrize("seed", range(SHAPES))
def test_random_shapes(seed):
    check_case(random_case(seed), mma=False)


@pytest.mark.parametrize("dim", [64, 128])
@pytest.mark.parametrize("text_first", [True, False])
def test_long_sequence(dim, text_first):
    case = dict(dim=dim, text=333, image=16667, text_first=text_first, batch=1, heads=4, dtype=torch.bfloat16, seed=9,
                fused=True, spread=1.0)
    check_case(case, mma=False)


def error_reference(q, k, v, layout, windows, residuals, references):
    """As Plan.measure has them, of one head in float64."""
    full = attention(q, k, v, layout, None, dtype=torch.float64)
    arrows = [attention(q, k, v, layout, w, dtype=torch.float64) for w in windows]
    with_residual = [
        (arrow + residuals[n].double() - full).square().sum() if n in residuals else full.new_zeros(())
        for n, arrow in enumerate(arrows)
    ]
    others = [(reference.double() - full).square().sum() for reference in references]
    return [full.sum(), full.square().sum(), *[(arrow - full).square().sum() for arrow in arrows], *with_residual, *others]


def check_measure(case, mma):
    seed = case["seed"]
    rng = random.Random(seed)
    q, k, v = inputs(case)
    layout = (case["text"], case["image"], case["text_first"])
    windows = sorted({max(1, case["image"]) // f for f in rng.sample([2, 4, 16, 32, 64, 128], 3)})
    plan = Plan(case["batch"], case["heads"], case["dim"], case["dtype"], *layout, windows, measuring=True)
    shape = (case["batch"], q.shape[1], case["heads"], case["dim"])
    other = lambda: torch.randn(shape, device="cuda").to(case["dtype"])
    references = [other() for _ in range(rng.randint(0, 3))]
    residuals = {n: other() for n in range(len(windows)) if rng.random() < 0.5}
    plan.compare(references, residuals)
    sums = plan.measure(q, k, v, mma)
    assert torch.equal(sums, plan.measure(q, k, v, mma)), "two runs differ"
    count = case["batch"] * q.shape[1] * case["dim"]
    for h in range(case["heads"]):
        expected = torch.zeros(sums.shape[1], dtype=torch.float64)
        for b in range(case["batch"]):
            values = error_reference(q[b, :, h], k[b, :, h], v[b, :, h], layout, windows,
                                     {n: r[b, :, h] for n, r in residuals.items()}, [r[b, :, h] for r in references])
            expected += torch.stack([value.cpu() for value in values])
        spread = expected[1] - expected[0] ** 2 / count
        found_spread = sums[h, 1] - sums[h, 0] ** 2 / count
        for n in range(2, sums.shape[1]):
            rse, found = expected[n] / spread, sums[h, n] / found_spread
            # Below 1e-6 nothing decides; P is rounded to 8 or 11 bits on the tensor cores.
            assert abs(found - rse) <= 0.01 * rse + 3e-6, f"{case} head {h} value {n}: {found} for {rse}"


@pytest.mark.parametrize("seed", range(SHAPES // 4))
def test_measure(seed):
    check_measure(random_case(seed), mma=False)


MMA_DIMS = (64, 64, 128, 128, 8, 16, 24, 40, 72, 80, 96, 120, 160, 192, 256)


@pytest.mark.parametrize("seed", range(1000, 1000 + SHAPES // 2))
def test_mma_random_shapes(seed):
    check_case(random_case(seed, MMA_DIMS), mma=True)


@pytest.mark.parametrize("seed", range(1000, 1000 + SHAPES // 6))
def test_mma_measure(seed):
    check_measure(random_case(seed, MMA_DIMS), mma=True)
