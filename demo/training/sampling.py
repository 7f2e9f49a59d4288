"""Flow matching: the schedule that FlowMatchEulerDiscreteScheduler gives FLUX, and sampling with it."""

import math

import torch

from .flux import pack, unpack
from .vae import CONFIG as VAE_CONFIG

SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
    "base_shift": 0.5,
    "max_shift": 1.15,
    "base_image_seq_len": 256,
    "max_image_seq_len": 4096,
    "time_shift_type": "exponential",
}
PIXELS_PER_TOKEN = 16


def guidance_weight(guidance: torch.Tensor | float):
    """The classifier-free guidance weight that a guidance embedding stands for: 1 → 1, the default 3.5 → 2.25."""
    return 1 + 0.5 * (guidance - 1)


def mu_of(tokens: int) -> float:
    s = SCHEDULER
    slope = (s["max_shift"] - s["base_shift"]) / (s["max_image_seq_len"] - s["base_image_seq_len"])
    return s["base_shift"] + slope * (tokens - s["base_image_seq_len"])


def shift(sigma: torch.Tensor, tokens: int) -> torch.Tensor:
    a = math.exp(mu_of(tokens))
    return a * sigma / (1 + (a - 1) * sigma)


def schedule(steps: int, tokens: int) -> torch.Tensor:
    return torch.cat((shift(torch.linspace(1, 1 / steps, steps), tokens), torch.zeros(1)))


@torch.no_grad()
def generate(model, vae, text, pooled, size: tuple[int, int], steps: int = 20, guidance: float = 3.5, noise=None) -> torch.Tensor:
    """text [b, 32, c], pooled [b, c] → uint8 images [b, 3, height, width]; size in pixels (height, width)."""
    h, w = (side // PIXELS_PER_TOKEN for side in size)
    b = len(text)
    if noise is None:
        noise = torch.randn(b, VAE_CONFIG["latent_channels"], 2 * h, 2 * w, device=text.device)
    x = pack(noise)
    sigmas = schedule(steps, h * w).to(x.device)
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        with torch.autocast("cuda", torch.bfloat16):
            velocity = model(x, now.expand(b), torch.full((b,), guidance, device=x.device), text, pooled, h, w)
        x = x + (then - now) * velocity.float()
    latents = unpack(x, h, w)
    pictures = torch.cat([decode(vae, part) for part in latents.split(64)])
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


@torch.no_grad()
def decode(vae, latents: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cuda", torch.bfloat16):
        return vae.decode(latents).float()
