"""The FLUX transformer in plain PyTorch under diffusers' names (FluxTransformer2DModel)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .text import CLIP_WIDTH, T5_WIDTH
from .vae import CONFIG as VAE_CONFIG

HEADS, HEAD_DIM = 6, 32
WIDTH = HEADS * HEAD_DIM
AXES = (8, 12, 12)
TAPPED_BLOCK = 2  # of the single blocks: half of the way
CONFIG = {
    "_class_name": "FluxTransformer2DModel",
    "attention_head_dim": HEAD_DIM,
    "axes_dims_rope": list(AXES),
    "guidance_embeds": True,
    "in_channels": 4 * VAE_CONFIG["latent_channels"],
    "joint_attention_dim": T5_WIDTH,
    "num_attention_heads": HEADS,
    "num_layers": 2,
    "num_single_layers": 6,
    "out_channels": None,
    "patch_size": 1,
    "pooled_projection_dim": CLIP_WIDTH,
}

Rope = tuple[torch.Tensor, torch.Tensor]


def rope_of(ids: torch.Tensor) -> Rope:
    """ids [n, 3] → cos and sin [n, head dim], each frequency twice side by side."""
    parts = []
    for axis, dim in enumerate(AXES):
        frequency = 10000.0 ** -(torch.arange(0, dim, 2, dtype=torch.float64, device=ids.device) / dim)
        parts.append((ids[:, axis : axis + 1].double() * frequency).repeat_interleave(2, -1))
    angle = torch.cat(parts, -1)
    return angle.cos().float(), angle.sin().float()


def rotate(x: torch.Tensor, rope: Rope) -> torch.Tensor:
    """x [b, n, heads, dim]"""
    cos, sin = (t[None, :, None] for t in rope)
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return (x.float() * cos + torch.stack((-odd, even), -1).flatten(-2) * sin).to(x.dtype)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, rope: Rope) -> torch.Tensor:
    return attention(rotate(q, rope).to(v.dtype), rotate(k, rope).to(v.dtype), v)


@torch.compiler.disable
def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """[b, n, heads, dim] → [b, n, heads · dim]. Outside compiled code: its backward pass took wrong strides there."""
    out = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
    return out.transpose(1, 2).flatten(2)


def heads_of(x: torch.Tensor) -> torch.Tensor:
    return x.unflatten(-1, (HEADS, HEAD_DIM))


def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(x, (WIDTH,), eps=1e-6) * (1 + scale[:, None]) + shift[:, None]


class Modulation(nn.Module):
    def __init__(self, parts: int) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, parts * WIDTH)
        self.parts = parts
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, emb: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.linear(F.silu(emb)).chunk(self.parts, -1)


class Projection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(WIDTH, 4 * WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.gelu(self.proj(x), approximate="tanh")


class FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ModuleList([Projection(), nn.Identity(), nn.Linear(4 * WIDTH, WIDTH)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net[2](self.net[0](x))


class Attention(nn.Module):
    def __init__(self, joint: bool) -> None:
        super().__init__()
        self.to_q, self.to_k, self.to_v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.norm_q, self.norm_k = nn.RMSNorm(HEAD_DIM, eps=1e-6), nn.RMSNorm(HEAD_DIM, eps=1e-6)
        if joint:
            self.to_out = nn.ModuleList([nn.Linear(WIDTH, WIDTH)])
            self.add_q_proj, self.add_k_proj, self.add_v_proj = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
            self.norm_added_q, self.norm_added_k = nn.RMSNorm(HEAD_DIM, eps=1e-6), nn.RMSNorm(HEAD_DIM, eps=1e-6)
            self.to_add_out = nn.Linear(WIDTH, WIDTH)

    def image_qkv(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q, k, v = (heads_of(f(x)) for f in (self.to_q, self.to_k, self.to_v))
        return self.norm_q(q), self.norm_k(k), v

    def text_qkv(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q, k, v = (heads_of(f(x)) for f in (self.add_q_proj, self.add_k_proj, self.add_v_proj))
        return self.norm_added_q(q), self.norm_added_k(k), v


class DoubleBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm1_context = Modulation(6), Modulation(6)
        self.attn = Attention(joint=True)
        self.ff, self.ff_context = FeedForward(), FeedForward()

    def forward(self, x: torch.Tensor, text: torch.Tensor, emb: torch.Tensor, rope: Rope) -> tuple[torch.Tensor, torch.Tensor]:
        shift, scale, gate, shift_ff, scale_ff, gate_ff = self.norm1(emb)
        t_shift, t_scale, t_gate, t_shift_ff, t_scale_ff, t_gate_ff = self.norm1_context(emb)
        image_qkv = self.attn.image_qkv(modulate(x, shift, scale))
        text_qkv = self.attn.text_qkv(modulate(text, t_shift, t_scale))
        out = attend(*(torch.cat(pair, 1) for pair in zip(text_qkv, image_qkv)), rope)
        x = x + gate[:, None] * self.attn.to_out[0](out[:, text.shape[1] :])
        text = text + t_gate[:, None] * self.attn.to_add_out(out[:, : text.shape[1]])
        x = x + gate_ff[:, None] * self.ff(modulate(x, shift_ff, scale_ff))
        return x, text + t_gate_ff[:, None] * self.ff_context(modulate(text, t_shift_ff, t_scale_ff))


class SingleBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = Modulation(3)
        self.proj_mlp = nn.Linear(WIDTH, 4 * WIDTH)
        self.proj_out = nn.Linear(5 * WIDTH, WIDTH)
        self.attn = Attention(joint=False)

    def forward(self, x: torch.Tensor, emb: torch.Tensor, rope: Rope) -> torch.Tensor:
        shift, scale, gate = self.norm(emb)
        h = modulate(x, shift, scale)
        out = attend(*self.attn.image_qkv(h), rope)
        return x + gate[:, None] * self.proj_out(torch.cat((out, F.gelu(self.proj_mlp(h), approximate="tanh")), -1))


class Embedder(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(inputs, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear_2(F.silu(self.linear_1(x)))


def sinusoid(value: torch.Tensor) -> torch.Tensor:
    """value [b] → [b, 256]: cosines, then sines."""
    frequency = torch.exp(-math.log(10000) / 128 * torch.arange(128, device=value.device, dtype=torch.float32))
    angle = value.float()[:, None] * frequency
    return torch.cat((angle.cos(), angle.sin()), -1)


class TimeText(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.timestep_embedder, self.guidance_embedder, self.text_embedder = Embedder(256), Embedder(256), Embedder(CLIP_WIDTH)

    def forward(self, sigma: torch.Tensor, guidance: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        time = self.timestep_embedder(sinusoid(sigma * 1000)) + self.guidance_embedder(sinusoid(guidance * 1000))
        return time + self.text_embedder(pooled)


class FluxTransformer2DModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.time_text_embed = TimeText()
        self.context_embedder = nn.Linear(T5_WIDTH, WIDTH)
        self.x_embedder = nn.Linear(CONFIG["in_channels"], WIDTH)
        self.transformer_blocks = nn.ModuleList([DoubleBlock() for _ in range(CONFIG["num_layers"])])
        self.single_transformer_blocks = nn.ModuleList([SingleBlock() for _ in range(CONFIG["num_single_layers"])])
        self.norm_out = Modulation(2)
        self.proj_out = nn.Linear(WIDTH, CONFIG["in_channels"])
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(
        self, latents: torch.Tensor, sigma: torch.Tensor, guidance: torch.Tensor, text: torch.Tensor,
        pooled: torch.Tensor, height: int, width: int, tap: list[torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """latents [b, height·width, 32] on a grid of tokens → velocity (noise − image) of the same shape.

        `tap` receives the image tokens [b, height·width, width] after TAPPED_BLOCK.
        """
        emb = self.time_text_embed(sigma, guidance, pooled)
        # The residual stream stays in float32; autocast runs the products in bfloat16.
        x, text = self.x_embedder(latents).float(), self.context_embedder(text).float()
        rope = rope_of(position_ids(text.shape[1], height, width, latents.device))
        for block in self.transformer_blocks:
            x, text = block(x, text, emb, rope)
        x = torch.cat((text, x), 1)
        for index, block in enumerate(self.single_transformer_blocks):
            x = block(x, emb, rope)
            if tap is not None and index == TAPPED_BLOCK:
                tap.append(x[:, text.shape[1] :])
        scale, shift = self.norm_out(emb)
        return self.proj_out(modulate(x[:, text.shape[1] :], shift, scale))


def position_ids(text_tokens: int, height: int, width: int, device) -> torch.Tensor:
    ids = torch.zeros(text_tokens + height * width, 3, device=device)
    grid = torch.arange(height * width, device=device)
    ids[text_tokens:, 1] = grid // width
    ids[text_tokens:, 2] = grid % width
    return ids


def pack(latents: torch.Tensor) -> torch.Tensor:
    """[b, c, 2h, 2w] → [b, h·w, 4c]"""
    b, c, h, w = latents.shape
    return latents.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w // 4, 4 * c)


def unpack(tokens: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """[b, h·w, 4c] → [b, c, 2h, 2w]"""
    b, _, c = tokens.shape
    return tokens.view(b, height, width, c // 4, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(b, c // 4, 2 * height, 2 * width)
