"""Flow matching: the schedule that FlowMatchEulerDiscreteScheduler gives FLUX, and sampling with it."""

import math

import torch

from .flux import pack, unpack
from .parallel import autocast
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


DEFAULT_GUIDANCE = 3.5


def guidance_weight(guidance: torch.Tensor | float, at_default: float):
    """The classifier-free guidance weight that a guidance embedding stands for: 1 → 1, DEFAULT_GUIDANCE → `at_default`."""
    return 1 + (at_default - 1) / (DEFAULT_GUIDANCE - 1) * (guidance - 1)


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
def generate(
    model, vae, text, pooled, size: tuple[int, int], steps: int = 20, guidance: float = DEFAULT_GUIDANCE, free=None
) -> torch.Tensor:
    """text [b, 32, c], pooled [b, c] → uint8 images [b, 3, height, width]; size in pixels (height, width).

    With `free`, the text and pooled [1, …] of the empty prompt, guidance is the weight of classifier-free guidance in two
    passes: for a model that has not learnt the guidance embedding yet.
    """
    h, w = (side // PIXELS_PER_TOKEN for side in size)
    b = len(text)
    x = pack(torch.randn(b, VAE_CONFIG["latent_channels"], 2 * h, 2 * w, device=text.device))
    sigmas = schedule(steps, h * w).to(x.device)
    embedded = torch.full((b,), 1.0 if free else guidance, device=x.device)
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        with autocast():
            velocity = model(x, now.expand(b), embedded, text, pooled, h, w).float()
            if free:
                empty = model(x, now.expand(b), embedded, *(part.expand(b, *part.shape[1:]) for part in free), h, w).float()
                velocity = torch.lerp(empty, velocity, guidance)
        x = x + (then - now) * velocity
    latents = unpack(x, h, w)
    pictures = torch.cat([decode(vae, part) for part in latents.split(64)])
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


@torch.no_grad()
def decode(vae, latents: torch.Tensor) -> torch.Tensor:
    with autocast():
        return vae.decode(latents).float()
