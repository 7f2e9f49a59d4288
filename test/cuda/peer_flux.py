"""FLUX.1-dev's transformer in PyTorch, as diffusers writes it (separate projections, rotary embedding in float32), compiled,
with cuDNN attention: the peer of test/bench/cuda-steps.ts. Weights are random. Prints milliseconds per step."""

import json
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

HEADS, DIM, DOUBLE, SINGLE = 24, 128, 19, 38
WIDTH = HEADS * DIM


def rotate(x, cos, sin):
    pairs = x.float().unflatten(-1, (-1, 2))
    turned = torch.stack([-pairs[..., 1], pairs[..., 0]], dim=-1).flatten(-2)
    return (x.float() * cos + turned * sin).to(x.dtype)


class Projection(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.norm_q, self.norm_k = nn.RMSNorm(DIM, eps=1e-6), nn.RMSNorm(DIM, eps=1e-6)

    def forward(self, x):
        split = lambda y: y.unflatten(-1, (HEADS, DIM))
        return self.norm_q(split(self.q(x))), self.norm_k(split(self.k(x))), split(self.v(x))


def attend(q, k, v, cos, sin):
    q, k = rotate(q, cos, sin), rotate(k, cos, sin)
    out = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
    return out.transpose(1, 2).flatten(2)


def norm(x, shift, scale):
    return F.layer_norm(x, (WIDTH,), eps=1e-6) * (1 + scale[:, None]) + shift[:, None]


class Stream(nn.Module):
    def __init__(self):
        super().__init__()
        self.modulation, self.projection = nn.Linear(WIDTH, 6 * WIDTH), Projection()
        self.out = nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU("tanh"), nn.Linear(4 * WIDTH, WIDTH))


class DoubleBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.text = Stream(), Stream()

    def forward(self, image, text, vec, cos, sin):
        mods = [stream.modulation(F.silu(vec)).chunk(6, -1) for stream in (self.text, self.image)]
        qkv = [stream.projection(norm(x, mod[0], mod[1]))
               for stream, x, mod in zip((self.text, self.image), (text, image), mods)]
        q, k, v = (torch.cat(pair, 1) for pair in zip(*qkv))
        attended = attend(q, k, v, cos, sin).split([text.shape[1], image.shape[1]], 1)
        outs = []
        for stream, x, mod, y in zip((self.text, self.image), (text, image), mods, attended):
            x = x + mod[2][:, None] * stream.out(y)
            outs.append(x + mod[5][:, None] * stream.mlp(norm(x, mod[3], mod[4])))
        return outs[1], outs[0]


class SingleBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.modulation, self.projection = nn.Linear(WIDTH, 3 * WIDTH), Projection()
        self.mlp, self.out = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(5 * WIDTH, WIDTH)

    def forward(self, x, vec, cos, sin):
        shift, scale, gate = self.modulation(F.silu(vec)).chunk(3, -1)
        y = norm(x, shift, scale)
        both = torch.cat([attend(*self.projection(y), cos, sin), F.gelu(self.mlp(y), approximate="tanh")], -1)
        return x + gate[:, None] * self.out(both)


class Flux(nn.Module):
    def __init__(self):
        super().__init__()
        self.doubles = nn.ModuleList(DoubleBlock() for _ in range(DOUBLE))
        self.singles = nn.ModuleList(SingleBlock() for _ in range(SINGLE))

    def forward(self, image, text, vec, cos, sin):
        for block in self.doubles:
            image, text = block(image, text, vec, cos, sin)
        x = torch.cat([text, image], 1)
        for block in self.singles:
            x = block(x, vec, cos, sin)
        return x


@torch.no_grad()
def main():
    torch.set_default_device("cuda")
    torch.set_default_dtype(torch.bfloat16)
    model = Flux()
    for block in [*model.doubles, *model.singles]:
        block.compile()
    results = []
    for size in [int(size) for size in (sys.argv[1] if len(sys.argv) > 1 else "2048,1024").split(",")]:
        tokens = (size // 16) ** 2
        image, text = torch.randn(1, tokens, WIDTH), torch.randn(1, 512, WIDTH)
        vec = torch.randn(1, WIDTH)
        angles = torch.randn(tokens + 512, 1, DIM // 2, dtype=torch.float32).repeat_interleave(2, -1)
        cos, sin = angles.cos(), angles.sin()
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            for _ in range(3):
                model(image, text, vec, cos, sin)
            torch.cuda.synchronize()
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                model(image, text, vec, cos, sin)
                torch.cuda.synchronize()
                times.append((time.perf_counter() - begin) * 1000)
        ms = sorted(times)[2]
        results.append({"what": f"PyTorch compiled, cuDNN, {size}²", "ms": ms})
        print(f"PyTorch compiled, cuDNN, {size}² full".ljust(34), f"ms {ms:.3f}", flush=True)
    if path := os.environ.get("ARROWHEAD_BENCH_JSON"):
        with open(path, "w") as file:
            json.dump(results, file, indent=1)


main()
