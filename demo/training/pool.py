"""Latents of rendered scenes, kept on the GPU and drawn from many times with fresh noise.

Rendering and encoding a picture costs several times a training step on it, so the pool is filled at the start and one
unit is renewed every few steps.
"""

import torch

from .flux import pack
from .render import Renderer, stream, to_unit
from .sampling import PIXELS_PER_TOKEN
from .semantics import token_classes

UNIT = 256
# (height, width) in pixels → scenes kept, units rendered before training starts, samples a step, share of renewals
SIZES = {
    (128, 128): (131072, 200, 1536, 0.25),
    (256, 256): (131072, 140, 512, 0.35),
    (512, 512): (32768, 24, 160, 0.22),
    (384, 512): (16384, 8, 192, 0.09),
    (512, 384): (16384, 8, 192, 0.09),
}


class LatentPool:
    def __init__(self, vae, seed: int, fill: float = 1.0) -> None:
        self.vae, self.render, self.scenes = vae, Renderer(), stream(UNIT, seed)
        self.count = dict.fromkeys(SIZES, 0)  # scenes ever added
        self.store: dict[tuple[int, int], tuple[torch.Tensor, ...]] = {}
        for size, (capacity, units, _, _) in SIZES.items():
            tokens = size[0] * size[1] // PIXELS_PER_TOKEN**2
            width = 4 * vae.decoder.conv_in.in_channels
            self.store[size] = (
                torch.empty(capacity, tokens, width, dtype=torch.bfloat16, device="cuda"),
                torch.empty(capacity, 32, dtype=torch.uint8, device="cuda"),
                torch.empty(capacity, 32, dtype=torch.uint8, device="cuda"),
                torch.empty(capacity, tokens, dtype=torch.uint8, device="cuda"),
            )
            for _ in range(max(2, int(units * fill))):
                self.add(size)

    @torch.no_grad()
    def add(self, size: tuple[int, int]) -> None:
        """Renders and encodes one unit of new scenes; the oldest make room."""
        parameters, clip_ids, t5_ids, _ = next(self.scenes)
        with torch.autocast("cuda", torch.bfloat16):
            pictures = to_unit(self.render(parameters, size[1], size[0])).contiguous(memory_format=torch.channels_last)
            latents = pack(self.vae.encode(pictures))
        classes = token_classes(parameters, self.render.subjects(parameters, size[1], size[0], PIXELS_PER_TOKEN))
        at = self.count[size] % SIZES[size][0]
        for stored, new in zip(self.store[size], (latents, clip_ids, t5_ids, classes)):
            stored[at : at + UNIT] = new.to(stored.dtype)
        self.count[size] += UNIT

    def renew(self, rng) -> None:
        self.add(rng.choices(list(SIZES), [share for *_, share in SIZES.values()])[0])

    def draw(self, size: tuple[int, int]) -> tuple[torch.Tensor, ...]:
        """Latents [b, tokens, 32] float32, CLIP ids and T5 ids [b, 32], classes of the tokens [b, tokens]."""
        capacity, _, batch, _ = SIZES[size]
        index = torch.randint(min(self.count[size], capacity), (batch,), device="cuda")
        latents, clip_ids, t5_ids, classes = (stored[index] for stored in self.store[size])
        return latents.float(), clip_ids.long(), t5_ids.long(), classes
