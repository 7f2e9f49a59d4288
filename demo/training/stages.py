"""The training stages: autoencoder, flow matching, guidance distillation."""

import random

import torch

from . import captions
from .pool import SIZES, LatentPool
from .render import Renderer, stream, to_unit
from .sampling import PIXELS_PER_TOKEN, guidance_weight, shift
from .state import StageClock, TrainingState, learning_rate

STEPS_PER_RENEWAL = 6
SEMANTIC_WEIGHT = 0.08
TEXT_DROPOUT = 0.1


def log(stage: str, clock: StageClock, step: int, text: str) -> None:
    print(f"{stage} {clock.elapsed():7.1f}s step {step:6d} {text}", flush=True)


def train_vae(state: TrainingState, clock: StageClock, seed: int) -> None:
    """Crops of 256² out of pictures of 256² and 512², 64 a step."""
    render, scenes = Renderer(), stream(64, seed)
    vae = state.vae.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
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
        with torch.autocast("cuda", torch.bfloat16):
            loss, l1 = vae.loss(to_unit(pictures).contiguous(memory_format=torch.channels_last))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
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
        with torch.autocast("cuda", torch.bfloat16):
            latents = vae.encode(pictures)
            back = vae.decode(latents).float().clamp(-1, 1)
        means.append(latents.mean((0, 2, 3)))
        squares.append(latents.square().mean((0, 2, 3)))
        mse = ((back - pictures) / 2).square().mean()
    mean, std = torch.stack(means).mean(0), (torch.stack(squares).mean(0) - torch.stack(means).mean(0) ** 2).sqrt()
    print(f"vae psnr at 512²: {-10 * mse.log10().item():.2f} dB; channel std {std.tolist()}", flush=True)
    # Rounded to bfloat16-free plain decimals, since they go into config.json.
    vae.shift.fill_(round(mean.mean().item(), 4))
    total = torch.stack(squares).mean() - mean.mean() ** 2
    vae.scale.fill_(round(1 / total.sqrt().item(), 4))


def compile_blocks(transformer: torch.nn.Module) -> None:
    """Blocks of one kind share their compiled code; whole-model compilation would take minutes a shape."""
    torch._dynamo.config.cache_size_limit = 64
    for block in [*transformer.transformer_blocks, *transformer.single_transformer_blocks]:
        block.compile(dynamic=False)


# Shares of the picture sizes, in the order of SIZES, from each part of the stage on: small pictures teach what things are
# at a quarter of the price.
CURRICULUM = (
    (0.00, (0.70, 0.26, 0.02, 0.01, 0.01)),
    (0.35, (0.15, 0.65, 0.14, 0.03, 0.03)),
    (0.70, (0.04, 0.36, 0.42, 0.09, 0.09)),
)


def draw_size(rng: random.Random, fraction: float) -> tuple[int, int]:
    shares = [shares for start, shares in CURRICULUM if fraction >= start][-1]
    return rng.choices(list(SIZES), shares)[0]


def draw_sigma(batch: int, tokens: int) -> torch.Tensor:
    """Logit-normal, shifted to more noise for more tokens as the sampler's schedule is."""
    return shift(torch.sigmoid(torch.randn(batch, device="cuda") * 1.1), tokens)


def empty_ids(vocab: dict[str, int]) -> tuple[torch.Tensor, torch.Tensor]:
    return tuple(torch.tensor([captions.encode("", vocab, clip)], device="cuda") for clip in (True, False))


@torch.no_grad()
def update_ema(state: TrainingState, decay: float) -> None:
    torch._foreach_lerp_(list(state.ema.parameters()), list(state.model.parameters()), 1 - decay)


class Optimizer:
    """Muon for the matrices of the blocks, AdamW for everything else."""

    def __init__(self, state: TrainingState, stage: str) -> None:
        transformer = state.model.transformer
        blocks = [*transformer.transformer_blocks, *transformer.single_transformer_blocks]
        matrices = [p for block in blocks for name, p in block.named_parameters() if p.ndim == 2 and ".linear." not in f".{name}"]
        chosen = {id(p) for p in matrices}
        rest = [p for p in state.model.parameters() if id(p) not in chosen]
        self.parts = [
            torch.optim.Muon(matrices, lr=1e-3, momentum=0.95, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.005, fused=True),
        ]
        if stage in state.optimizers:
            for part, saved in zip(self.parts, state.optimizers[stage]):
                part.load_state_dict(saved)

    def step(self, rate: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict]:
        return [part.state_dict() for part in self.parts]


def take_step(state: TrainingState, optimizer: Optimizer, loss: torch.Tensor, rate: float, decay: float) -> None:
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    optimizer.step(rate)
    update_ema(state, decay)


def train_flow(state: TrainingState, clock: StageClock, seed: int) -> None:
    """Velocity of the straight path from picture to noise; guidance 1 means plain conditional."""
    rng = random.Random(seed)
    pool = LatentPool(state.vae.eval().to(memory_format=torch.channels_last), seed, min(1.0, clock.budget / 900))
    log("flow", clock, 0, f"pool filled: {pool.count}")
    optimizer = Optimizer(state, "flow")
    compile_blocks(state.model.transformer)
    empty_clip, empty_t5 = empty_ids(captions.vocabulary())
    step, started, losses = state.counts.get("flow", 0), 0, []
    while clock.running():
        size = draw_size(rng, clock.fraction())
        height, width = (side // PIXELS_PER_TOKEN for side in size)
        if started % STEPS_PER_RENEWAL == 0:
            pool.renew(rng)
        latents, clip_ids, t5_ids, classes = pool.draw(size)
        batch = len(latents)
        dropped = torch.rand(batch, 1, device="cuda") < TEXT_DROPOUT
        clip_ids, t5_ids = torch.where(dropped, empty_clip, clip_ids), torch.where(dropped, empty_t5, t5_ids)
        sigma, noise = draw_sigma(batch, height * width), torch.randn_like(latents)
        noisy = torch.lerp(latents, noise, sigma[:, None, None])
        with torch.autocast("cuda", torch.bfloat16):
            text, pooled = state.model.encoders(clip_ids, t5_ids)
            middle: list[torch.Tensor] = []
            out = state.model.transformer(noisy, sigma, torch.ones_like(sigma), text, pooled, height, width, middle)
            lesson = state.model.semantics.loss(middle[0], classes)
        velocity_loss = (out.float() - (noise - latents)).square().mean()
        loss = velocity_loss + SEMANTIC_WEIGHT * lesson
        # A piece that starts with a fresh optimiser warms up again.
        rate = learning_rate(1.2e-3, clock.fraction(), min(step, started), 150, 0.62)
        take_step(state, optimizer, loss, rate, min(0.9993, (started + 10) / (started + 110)))
        losses.append(velocity_loss.detach())
        if step % 500 == 0:
            log("flow", clock, step, f"loss {torch.stack(losses).mean().item():.4f} lesson {lesson.item():.3f} lr {rate:.2e}")
            losses.clear()
        step, started = step + 1, started + 1
    clock.stop()
    state.counts["flow"], state.optimizers["flow"] = step, optimizer.state_dict()
    if clock.done():
        # The average is the better model: distillation starts from it and takes it as its teacher.
        state.model.load_state_dict(state.ema.state_dict())
        state.optimizers.pop("flow")


def distill_guidance(state: TrainingState, clock: StageClock, seed: int) -> None:
    """The model learns to put out, in one pass, the guided velocity that its own average gives in two."""
    import copy

    rng = random.Random(seed)
    pool = LatentPool(state.vae.eval().to(memory_format=torch.channels_last), seed, 0.3)
    if "teacher" in state.optimizers:
        teacher = copy.deepcopy(state.model)
        teacher.load_state_dict(state.optimizers["teacher"])
    else:
        teacher = copy.deepcopy(state.ema)
    teacher.requires_grad_(False)
    optimizer = Optimizer(state, "distill")
    compile_blocks(state.model.transformer)
    compile_blocks(teacher.transformer)
    empty_clip, empty_t5 = empty_ids(captions.vocabulary())
    step, losses = state.counts.get("distill", 0), []
    while clock.running():
        size = rng.choices(list(SIZES), (0.06, 0.46, 0.32, 0.08, 0.08))[0]
        height, width = (side // PIXELS_PER_TOKEN for side in size)
        if step % STEPS_PER_RENEWAL == 0:
            pool.renew(rng)
        latents, clip_ids, t5_ids, _ = pool.draw(size)
        batch = len(latents)
        sigma, noise = draw_sigma(batch, height * width), torch.randn_like(latents)
        noisy = torch.lerp(latents, noise, sigma[:, None, None])
        guidance = 1 + 6 * torch.rand(batch, device="cuda")
        ones = torch.ones_like(sigma)
        with torch.autocast("cuda", torch.bfloat16):
            with torch.no_grad():
                text, pooled = teacher.encoders(clip_ids, t5_ids)
                conditional = teacher.transformer(noisy, sigma, ones, text, pooled, height, width).float()
                text, pooled = teacher.encoders(empty_clip.expand(batch, -1), empty_t5.expand(batch, -1))
                free = teacher.transformer(noisy, sigma, ones, text, pooled, height, width).float()
                target = torch.lerp(free, conditional, guidance_weight(guidance)[:, None, None])
            text, pooled = state.model.encoders(clip_ids, t5_ids)
            out = state.model.transformer(noisy, sigma, guidance, text, pooled, height, width)
        loss = (out.float() - target).square().mean()
        rate = learning_rate(6e-4, clock.fraction(), step, 100, 0.4)
        take_step(state, optimizer, loss, rate, min(0.998, (step + 10) / (step + 40)))
        losses.append(loss.detach())
        if step % 100 == 0:
            log("distill", clock, step, f"{size} loss {torch.stack(losses).mean().item():.5f} lr {rate:.2e}")
            losses.clear()
        step += 1
    clock.stop()
    state.counts["distill"] = step
    state.optimizers = {} if clock.done() else {"distill": optimizer.state_dict(), "teacher": teacher.state_dict()}
