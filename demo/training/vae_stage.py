"""The first training stage: the autoencoder."""

import random

import torch

from .parallel import MAIN, ON_GPU, Gradients, autocast, share
from .render import Renderer, stream, to_unit
from .state import StageClock, TrainingState, learning_rate, log


def train_vae(state: TrainingState, clock: StageClock, seed: int) -> None:
    """Crops of 256² out of pictures of 256² and 512², 64 a step."""
    render, scenes = Renderer(), stream(64 if ON_GPU else 2, seed)
    vae = state.vae.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
    gradients = Gradients(vae.parameters())
    if "vae" in state.optimizers:
        optimizer.load_state_dict(state.optimizers["vae"])
    step, rng = state.counts.get("vae", 0), random.Random(seed)
    while clock.running():
        parameters = next(scenes)[0]
        if step % 2:
            y, x = rng.randrange(257), rng.randrange(257)
            pictures = render(parameters, 512, 512)[..., y : y + 256, x : x + 256]
        else:
            pictures = render(parameters, 256, 256)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(1.5e-3, clock.fraction(), step, 200, 0.6)
        with autocast():
            loss, l1 = vae.loss(to_unit(pictures).contiguous(memory_format=torch.channels_last))
        gradients.fill(loss)
        gradients.average()
        optimizer.step()
        if step % 200 == 0:
            log("vae", clock, step, f"loss {loss.item():.4f} l1 {l1.item():.4f}")
        step += 1
    clock.stop()
    state.counts["vae"], state.optimizers["vae"] = step, optimizer.state_dict()
    if clock.done():
        measure_latents(state, render, scenes)
        state.optimizers.pop("vae")


@torch.no_grad()
def measure_latents(state: TrainingState, render: Renderer, scenes) -> None:
    """Sets shift and scale so that latents have mean 0 and variance 1, and prints how well pictures come back."""
    vae, means, squares = state.vae.eval(), [], []
    vae.shift.zero_()
    vae.scale.fill_(1.0)
    for index in range(16):
        pictures = to_unit(render(next(scenes)[0], *((512, 512) if index % 2 else (256, 256))))
        with autocast():
            latents = vae.encode(pictures)
            back = vae.decode(latents).float().clamp(-1, 1)
        means.append(latents.mean((0, 2, 3)))
        squares.append(latents.square().mean((0, 2, 3)))
        mse = ((back - pictures) / 2).square().mean()
    mean, std = torch.stack(means).mean(0), (torch.stack(squares).mean(0) - torch.stack(means).mean(0) ** 2).sqrt()
    if MAIN:
        print(f"vae psnr at 512²: {-10 * mse.log10().item():.2f} dB; channel std {std.tolist()}", flush=True)
    # Rounded to bfloat16-free plain decimals, since they go into config.json.
    vae.shift.fill_(round(mean.mean().item(), 4))
    total = torch.stack(squares).mean() - mean.mean() ** 2
    vae.scale.fill_(round(1 / total.sqrt().item(), 4))
    # Every process measured its own scenes.
    share(vae)
