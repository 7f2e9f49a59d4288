"""Latents of rendered scenes, kept on the GPU and drawn from many times with fresh noise.

Rendering and encoding a picture costs several times a training step on it, so every size starts with some units when it is
first drawn, and a unit is added every few draws; the oldest make room.
"""

from dataclasses import dataclass

import torch

from .flux import pack
from .parallel import DEVICE, ON_GPU, autocast
from .render import Renderer, stream, to_unit
from .sampling import PIXELS_PER_TOKEN
from .semantics import thing_classes, token_classes
from .vae import CONFIG as VAE_CONFIG


@dataclass(frozen=True)
class Kind:
    capacity: int  # scenes kept
    first: int  # units rendered before the first draw
    batch: int  # scenes a draw, in each process
    every: int  # draws from one new unit to the next
    unit: int  # scenes rendered at once


SIZES: dict[tuple[int, int], Kind] = {  # (height, width) in pixels
    (128, 128): Kind(262144, 120, 1024, 18, 256),
    (256, 256): Kind(131072, 50, 384, 30, 256),
    (512, 512): Kind(32768, 40, 112, 30, 128),
}
if not ON_GPU:
    SIZES = {(128, 128): Kind(16, 1, 4, 3, 8), (256, 256): Kind(16, 1, 2, 3, 4)}


@dataclass
class Draw:
    """latents [b, tokens, 32] float32, CLIP ids and T5 ids [b, 32], classes [b, tokens], things [b, 3], roles [b, 3]."""

    latents: torch.Tensor
    clip_ids: torch.Tensor
    t5_ids: torch.Tensor
    classes: torch.Tensor
    things: torch.Tensor
    roles: torch.Tensor


class LatentPool:
    def __init__(self, vae, seed: int) -> None:
        self.vae, self.render = vae, Renderer()
        self.streams = {unit: stream(unit, seed + unit) for unit in sorted({kind.unit for kind in SIZES.values()})}
        self.added = dict.fromkeys(SIZES, 0)  # scenes ever added
        self.drawn = dict.fromkeys(SIZES, 0)
        self.store: dict[tuple[int, int], tuple[torch.Tensor, ...]] = {}

    def allocate(self, size: tuple[int, int]) -> None:
        tokens, capacity = size[0] * size[1] // PIXELS_PER_TOKEN**2, SIZES[size].capacity
        latents = torch.empty(capacity, tokens, 4 * VAE_CONFIG["latent_channels"], dtype=torch.bfloat16, device=DEVICE)
        self.store[size] = (
            latents, *(torch.empty(capacity, n, dtype=torch.uint8, device=DEVICE) for n in (32, 32, tokens, 3, 3))
        )

    @torch.no_grad()
    def add(self, size: tuple[int, int]) -> None:
        """Renders and encodes one unit of new scenes."""
        kind, (height, width) = SIZES[size], size
        parameters, clip_ids, t5_ids, _, roles = next(self.streams[kind.unit])
        with autocast():
            pictures = to_unit(self.render(parameters, width, height)).contiguous(memory_format=torch.channels_last)
            latents = pack(self.vae.encode(pictures))
        things = thing_classes(parameters)
        classes = token_classes(things, self.render.subjects(parameters, width, height, PIXELS_PER_TOKEN))
        at = self.added[size] % kind.capacity
        for stored, new in zip(self.store[size], (latents, clip_ids, t5_ids, classes, things, roles)):
            stored[at : at + kind.unit] = new.to(stored.dtype)
        self.added[size] += kind.unit

    def draw(self, size: tuple[int, int]) -> Draw:
        kind = SIZES[size]
        if size not in self.store:
            self.allocate(size)
            for _ in range(kind.first):
                self.add(size)
        self.drawn[size] += 1
        if self.drawn[size] % kind.every == 0:
            self.add(size)
        index = torch.randint(min(self.added[size], kind.capacity), (kind.batch,), device=DEVICE)
        latents, *rest = (stored[index] for stored in self.store[size])
        return Draw(latents.float(), *(part.long() for part in rest))
