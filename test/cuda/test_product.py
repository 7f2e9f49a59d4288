"""Products with fused epilogues against float32: FA-3's rule, poisoned outputs, heads left out, two runs bit-equal."""

import math
import os
import random

import pytest
import torch
import torch.nn.functional as F
from kernels import bound_scales, product

DEVICE = "cuda"
EPS = 1e-6
seed = int(os.environ.get("ARROWHEAD_SEED", random.randrange(2**31)))
# As for attention: fewer and smaller under compute-sanitizer.
TURNS = max(1, int(os.environ.get("ARROWHEAD_SHAPES", "240")) // 20)
LONGEST = int(os.environ.get("ARROWHEAD_LONGEST", "1000"))
ROWS = [rows for rows in (1, 7, 64, 128, 129, 300, 1000) if rows <= LONGEST]
HEADS = [1, 2, 3] if LONGEST < 1000 else [1, 2, 3, 5, 8, 24]
COLUMNS = 8 * 400 if LONGEST >= 1000 else 8 * 60
DEPTHS = [1152, 1168, 2000, 3072] if LONGEST >= 1000 else [1152, 1168]


def normal(generator, *shape, scale=1.0):
    return (scale * torch.randn(*shape, device=DEVICE, generator=generator)).to(torch.bfloat16)


def quantised(values):
    scales = values.float().abs().amax(-1).clamp_min(1e-12) / 448
    return (values.float() / scales[:, None]).to(torch.float8_e4m3fn), scales


def make_part(generator, rows, inner, columns, dim, fp8, options):
    x, weight = normal(generator, rows, inner), normal(generator, columns, inner, scale=1 / math.sqrt(inner))
    part = {"out": torch.full((rows, columns), math.nan, device=DEVICE, dtype=torch.bfloat16)}
    if options["bias"]:
        part["bias"] = normal(generator, columns)
    if dim and options["norm"]:
        part["normQ"], part["normK"] = (1 + normal(generator, dim, scale=0.2) for _ in range(2))
    if dim and options["rope"]:
        angles = 6 * torch.rand(rows, dim // 2, device=DEVICE, generator=generator)
        part["rope"] = torch.stack([angles.cos(), angles.sin()], -1)
    if fp8:
        (part["x"], part["xScales"]), (part["weight"], part["weightScales"]) = quantised(x), quantised(weight)
    else:
        part["x"], part["weight"] = x, weight
    if options["split"]:
        # Columns of a wider tensor, as heads of a joint one may be.
        part["rest"] = torch.cat([x[:, options["split"]:], x[:, :8]], 1)[:, :inner - options["split"]]
        part["x"] = x[:, :options["split"]].contiguous()
    return part


def multiplied(x, weight):
    # Under compute-sanitizer, other people's kernels are slow and noisy.
    if os.environ.get("ARROWHEAD_PLAIN_PEER"):
        return (x.cpu() @ weight.cpu().t()).to(DEVICE)
    return x @ weight.t()


def reference(part, epilogue, dim, dtype):
    """In `dtype` throughout; what is multiplied is taken as it is, fp8 or not."""
    x, weight = part["x"].float(), part["weight"].float()
    if "rest" in part:
        x = torch.cat([x, part["rest"].float()], 1)
    if "xScales" in part:
        x, weight = x * part["xScales"][:, None], weight * part["weightScales"][:, None]
    y = multiplied(x.to(dtype), weight.to(dtype))
    if "bias" in part:
        y = y + part["bias"].to(dtype)
    if epilogue == "gelu":
        return F.gelu(y, approximate="tanh")
    if epilogue is None:
        return y

    def turned(section, norm):
        heads = section.view(section.shape[0], -1, dim)
        if norm is not None:
            heads = F.rms_norm(heads, (dim,), norm.to(dtype), EPS)
        if "rope" in part:
            cosine, sine = (part["rope"][:, None, :, i] for i in range(2))
            even, odd = heads[..., 0::2].float(), heads[..., 1::2].float()
            pairs = torch.stack([even * cosine - odd * sine, odd * cosine + even * sine], -1)
            heads = pairs.flatten(-2).to(dtype)
        return heads.reshape(section.shape)

    q, k, v = y.chunk(3, -1)
    return torch.cat([turned(q, part.get("normQ")), turned(k, part.get("normK")), v], -1)


CASES = [(epilogue, dim, fp8) for epilogue, dim in ((None, 0), ("gelu", 0), ("qk-norm-rope", 64), ("qk-norm-rope", 128))
         for fp8 in (False, True)]


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("epilogue,dim,fp8", CASES)
def test_products(epilogue, dim, fp8, turn):
    draw = random.Random(f"{seed} {epilogue} {dim} {fp8} {turn}")
    generator = torch.Generator(DEVICE).manual_seed(draw.randrange(2**31))
    heads = draw.choice(HEADS)
    columns = 3 * heads * dim if dim else 8 * draw.randrange(1, COLUMNS // 8)
    inner = draw.choice(DEPTHS) - (0 if fp8 else 8 * draw.randrange(2))
    rows = [draw.choice(ROWS) for _ in range(draw.randrange(1, 5))]
    options = {name: draw.random() < 0.7 for name in ("bias", "norm", "rope")}
    options["split"] = 64 * draw.randrange(1, 18) if not fp8 and draw.random() < 0.4 else 0
    parts = [make_part(generator, count, inner, columns, dim, fp8, options) for count in rows]
    unit = dim or 256
    units = list(range(-(-columns // unit)))
    for part in parts:
        if dim and draw.random() < 0.5:
            part["units"] = sorted(draw.sample(units, draw.randrange(len(units) + 1)))

    product(parts, epilogue, dim, EPS)
    first = [part["out"].clone() for part in parts]
    product(parts, epilogue, dim, EPS)
    for part, before in zip(parts, first):
        assert torch.equal(part["out"].view(torch.int16), before.view(torch.int16)), "two runs differ"
        written = torch.zeros(columns, dtype=torch.bool, device=DEVICE)
        for index in part.get("units", units):
            written[index * unit:(index + 1) * unit] = True
        assert part["out"][:, ~written].isnan().all(), "columns of heads nobody reads were written"
        if not written.any():
            continue
        exact = reference(part, epilogue, dim, torch.float64)[:, written]
        same = reference(part, epilogue, dim, torch.bfloat16)[:, written].double()
        error = (part["out"][:, written].double() - exact).abs().max().item()
        allowed = 2 * (same - exact).abs().max().item() + 2**-8 * exact.abs().max().item()
        assert error <= allowed, f"error {error} > {allowed} (seed {seed})"
    # What is left out changes nothing in what is not.
    whole = [{**{name: value for name, value in part.items() if name != "units"}, "out": part["out"].clone()} for part in parts]
    product(whole, epilogue, dim, EPS)
    for part, complete in zip(parts, whole):
        computed = ~part["out"].isnan()
        assert torch.equal(part["out"][computed], complete["out"][computed]), "other heads, other bits"


@pytest.mark.parametrize("turn", range(TURNS))
def test_products_stored_as_fp8(turn):
    draw = random.Random(f"{seed} stored {turn}")
    generator = torch.Generator(DEVICE).manual_seed(draw.randrange(2**31))
    columns, inner = 16 * draw.randrange(1, COLUMNS // 16), draw.choice(DEPTHS)
    options = {"bias": draw.random() < 0.7, "norm": False, "rope": False, "split": 0}
    parts = [make_part(generator, draw.choice(ROWS), inner, columns, 0, True, options) for _ in range(2)]
    for part in parts:
        rows = part["x"].shape[0]
        x, weight = (part[name].float() * part[f"{name}Scales"][:, None] for name in ("x", "weight"))
        part["out"] = torch.full((rows, columns), math.nan, device=DEVICE).to(torch.float8_e4m3fn)
        part["outScales"] = bound_scales(x.norm(dim=1), weight.norm(dim=1), part.get("bias"))
    product(parts, "gelu")
    for part in parts:
        exact = reference(part, "gelu", 0, torch.float64)
        scales = part["outScales"].double()[:, None]
        found = part["out"].double() * scales
        assert (exact.abs() <= 448 * scales).all(), "a scale that its row does not fit"
        # Half a unit of e4m3's three bits, of its smallest numbers, and what the sums themselves are off by.
        allowed = 2**-4 * exact.abs() + 2**-10 * scales + 2**-9 * exact.abs().max()
        assert ((found - exact).abs() <= allowed).all(), f"error {(found - exact).abs().max().item()} (seed {seed})"
