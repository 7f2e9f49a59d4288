"""The training stages of the transformer: flow matching, then guidance distillation."""

import copy
import random
import time
from collections.abc import Callable

import torch

from . import captions
from .graphs import GraphedPass
from .optimizer import Optimizer
from .parallel import DEVICE, ON_GPU, Gradients, autocast
from .pool import SIZES, LatentPool
from .sampling import PIXELS_PER_TOKEN, guidance_weight, shift
from .state import StageClock, TrainingState, learning_rate, log

TEXT_DROPOUT = 0.1
LESSON_WEIGHT = 0.1
# How much more than the rest tokens that show an object weigh at first. It fades: weighted to the end, the model would
# believe in objects too readily.
OBJECT_WEIGHT = 2.0
CHECK_SECONDS = 150
STEPS_PER_LOG = 500
# Shares of the picture sizes, in the order of SIZES, from each part of the stage on: small pictures teach what things are
# and where, at a third of the price.
CURRICULUM = (
    (0.00, (0.80, 0.20, 0.00)),
    (0.28, (0.42, 0.52, 0.06)),
    (0.52, (0.16, 0.60, 0.24)),
    (0.75, (0.06, 0.56, 0.38)),
)
DISTILLED = (0.00, 0.55, 0.45)


def compile_blocks(transformer: torch.nn.Module) -> None:
    """Blocks of one kind share their compiled code; whole-model compilation would take minutes a shape."""
    if not ON_GPU:
        return
    torch._dynamo.config.cache_size_limit = 64
    for block in [*transformer.transformer_blocks, *transformer.single_transformer_blocks]:
        block.compile(dynamic=False)


def draw_size(rng: random.Random, shares: tuple[float, ...]) -> tuple[int, int]:
    return rng.choices(list(SIZES), shares[: len(SIZES)])[0]


def draw_sigma(batch: int, tokens: int) -> torch.Tensor:
    """Logit-normal, shifted to more noise for more tokens as the sampler's schedule is."""
    return shift(torch.sigmoid(torch.randn(batch, device=DEVICE) * 1.1), tokens)


def empty_ids() -> tuple[torch.Tensor, torch.Tensor]:
    vocab = captions.vocabulary()
    return tuple(torch.tensor([captions.encode("", vocab, clip)], device=DEVICE) for clip in (True, False))


class Average:
    """The moving average of the model's weights, in state.ema."""

    def __init__(self, state: TrainingState) -> None:
        self.averages, self.weights = list(state.ema.parameters()), list(state.model.parameters())

    @torch.no_grad()
    def update(self, decay: float) -> None:
        torch._foreach_lerp_(self.averages, self.weights, 1 - decay)


def train_flow(state: TrainingState, clock: StageClock, pool: LatentPool, seed: int, check: Callable[[], None]) -> None:
    """Velocity of the straight path from picture to noise; guidance 1 means plain conditional.

    `check` is called now and then by every process, with the state's counts up to date.
    """
    rng, model = random.Random(seed), state.model
    optimizer, gradients = Optimizer(model, state.optimizers.get("flow")), Gradients(model.parameters())
    average, paces = Average(state), Paces()
    compile_blocks(model.transformer)
    empty_clip, empty_t5 = empty_ids()
    object_weight, lesson_weight, sums = (torch.zeros(n, device=DEVICE) for n in (1, 1, 3))

    def compute(size, latents, noise, sigma, clip_ids, t5_ids, classes, things, roles) -> None:
        height, width = (side // PIXELS_PER_TOKEN for side in size)
        noisy = torch.lerp(latents, noise, sigma[:, None, None])
        with autocast():
            text, pooled = model.encoders(clip_ids, t5_ids)
            middle: list[torch.Tensor] = []
            out = model.transformer(noisy, sigma, torch.ones_like(sigma), text, pooled, height, width, middle)
            lesson, image_lesson = model.semantics.loss(middle[0], text, pooled, t5_ids, classes, things, roles)
        errors = (out.float() - (noise - latents)).square().mean(-1)
        weight = 1 + object_weight * (classes > 0)
        gradients.fill((errors * weight).sum() / weight.sum() + (lesson_weight * lesson).sum())
        sums.add_(torch.stack((errors.mean(), lesson, image_lesson)).detach())

    graphed = GraphedPass(compute)
    step, started, checked = state.counts.get("flow", 0), 0, clock.elapsed()
    while clock.running():
        done = clock.fraction()
        size = draw_size(rng, [shares for start, shares in CURRICULUM if done >= start][-1])
        drawn = pool.draw(size)
        batch, tokens = drawn.latents.shape[:2]
        dropped = torch.rand(batch, 1, device=DEVICE) < TEXT_DROPOUT
        clip_ids, t5_ids = torch.where(dropped, empty_clip, drawn.clip_ids), torch.where(dropped, empty_t5, drawn.t5_ids)
        object_weight.fill_(max(0.0, OBJECT_WEIGHT * (1 - done / 0.6)))
        lesson_weight.fill_(LESSON_WEIGHT * min(1.0, 2 * (1 - done)))
        graphed(
            size, drawn.latents, torch.randn_like(drawn.latents), draw_sigma(batch, tokens), clip_ids, t5_ids,
            drawn.classes, drawn.things, drawn.roles,
        )
        gradients.average()
        # A piece that starts with a fresh optimiser warms up again.
        rate = learning_rate(1.2e-3, done, min(step, started), 200, 0.45)
        optimizer.step(rate)
        average.update(min(0.9995, (started + 10) / (started + 110)))
        paces.note(size)
        if step % STEPS_PER_LOG == 0:
            loss, lesson, image_lesson = (sums / paces.steps()).tolist()
            log("flow", clock, step, f"loss {loss:.4f} lessons {lesson:.3f} of the image {image_lesson:.3f} rate {rate:.2e} {paces}")
            sums.zero_()
            paces = Paces()
        step, started = step + 1, started + 1
        if clock.elapsed() - checked > CHECK_SECONDS:
            checked = clock.elapsed()
            state.counts["flow"], state.spent["flow"] = step, checked
            check()
    clock.stop()
    state.counts["flow"], state.optimizers["flow"] = step, optimizer.state_dict()
    if clock.done():
        # The average is the better model: distillation starts from it and takes it as its teacher.
        model.load_state_dict(state.ema.state_dict())
        state.optimizers.pop("flow")


def distill_guidance(state: TrainingState, clock: StageClock, pool: LatentPool, seed: int) -> None:
    """The model learns to put out, in one pass, the guided velocity that its own average gives in two."""
    rng, model = random.Random(seed), state.model
    teacher = copy.deepcopy(state.ema)
    if "teacher" in state.optimizers:
        teacher.load_state_dict(state.optimizers["teacher"])
    teacher.requires_grad_(False)
    optimizer, gradients = Optimizer(model, state.optimizers.get("distill")), Gradients(model.parameters())
    average, paces = Average(state), Paces()
    compile_blocks(model.transformer)
    compile_blocks(teacher.transformer)
    empty_clip, empty_t5 = empty_ids()
    total = torch.zeros((), device=DEVICE)

    def compute(size, latents, noise, sigma, guidance, clip_ids, t5_ids) -> None:
        height, width = (side // PIXELS_PER_TOKEN for side in size)
        batch, ones = len(latents), torch.ones_like(sigma)
        noisy = torch.lerp(latents, noise, sigma[:, None, None])
        with autocast():
            with torch.no_grad():
                text, pooled = teacher.encoders(clip_ids, t5_ids)
                conditional = teacher.transformer(noisy, sigma, ones, text, pooled, height, width).float()
                text, pooled = (part.expand(batch, *part.shape[1:]) for part in teacher.encoders(empty_clip, empty_t5))
                free = teacher.transformer(noisy, sigma, ones, text.contiguous(), pooled.contiguous(), height, width).float()
                target = torch.lerp(free, conditional, guidance_weight(guidance, state.guidance_weight)[:, None, None])
        # Weights that autocast cast without gradients must not be found again below.
        with autocast():
            text, pooled = model.encoders(clip_ids, t5_ids)
            out = model.transformer(noisy, sigma, guidance, text, pooled, height, width)
        loss = (out.float() - target).square().mean()
        gradients.fill(loss)
        total.add_(loss.detach())

    graphed = GraphedPass(compute)
    step = state.counts.get("distill", 0)
    while clock.running():
        size = draw_size(rng, DISTILLED)
        drawn = pool.draw(size)
        batch, tokens = drawn.latents.shape[:2]
        guidance = 1 + 5 * torch.rand(batch, device=DEVICE)
        graphed(
            size, drawn.latents, torch.randn_like(drawn.latents), draw_sigma(batch, tokens), guidance,
            drawn.clip_ids, drawn.t5_ids,
        )
        gradients.average()
        rate = learning_rate(5e-4, clock.fraction(), step, 100, 0.3)
        optimizer.step(rate)
        average.update(min(0.998, (step + 10) / (step + 40)))
        paces.note(size)
        if step % STEPS_PER_LOG == 0:
            log("distill", clock, step, f"loss {total.item() / paces.steps():.5f} rate {rate:.2e} {paces}")
            total.zero_()
            paces = Paces()
        step += 1
    clock.stop()
    state.counts["distill"] = step
    state.optimizers = {} if clock.done() else {"distill": optimizer.state_dict(), "teacher": teacher.state_dict()}


class Paces:
    """How many steps of each size were made, and the milliseconds that a step took."""

    def __init__(self) -> None:
        self.counts, self.started = dict.fromkeys(SIZES, 0), time.monotonic()

    def note(self, size: tuple[int, int]) -> None:
        self.counts[size] += 1

    def steps(self) -> int:
        return sum(self.counts.values())

    def __str__(self) -> str:
        return f"{1000 * (time.monotonic() - self.started) / max(1, self.steps()):.1f} ms a step of {list(self.counts.values())}"
