"""How well pictures follow prompts: a small classifier trained on renders judges pictures of prompts never trained on."""

import random

import torch
import torch.nn.functional as F
from torch import nn

from . import captions
from .parallel import DEVICE, ON_GPU, Gradients, autocast, share
from .render import Renderer, labels, stream, to_unit
from .sampling import DEFAULT_GUIDANCE, generate
from .scene import COLOURS, SHAPES, parameters, sample_scene
from .state import StageClock, TrainingState, learning_rate, log

OUTPUTS = (3, len(COLOURS), len(SHAPES), len(COLOURS), len(SHAPES))  # axis, then colour and shape of both things


class Judge(nn.Module):
    """Picture [n, 3, 256, 256] → logits of the relation's axis and of both things, in their order along it."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, 192, 256)
        layers: list[nn.Module] = []
        for inner, outer in zip(widths, widths[1:]):
            layers += [nn.Conv2d(inner, outer, 5 if inner == 3 else 3, stride=2, padding=2 if inner == 3 else 1), nn.BatchNorm2d(outer), nn.SiLU()]
            if outer >= 64:
                layers += [nn.Conv2d(outer, outer, 3, padding=1), nn.BatchNorm2d(outer), nn.SiLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(256 * 64, 512), nn.SiLU(), nn.Linear(512, sum(OUTPUTS)))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.head(self.features(x)).split(OUTPUTS, -1)


UNITS, STEPS_PER_UNIT = 48, 5


def train_judge(state: TrainingState, clock: StageClock, seed: int) -> Judge:
    """On units of 256 renders, each drawn some ten times; half of them have gone through the autoencoder, so that its
    softness is no clue."""
    render, scenes, rng = Renderer(), stream(256 if ON_GPU else 8, seed, things=2), random.Random(seed)
    judge = Judge().to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=1e-3, weight_decay=0.02, fused=True)
    share(judge)
    gradients = Gradients(judge.parameters())
    units: list[tuple[torch.Tensor, torch.Tensor]] = []
    step = 0
    while clock.running():
        if step % STEPS_PER_UNIT == 0:
            scene, _, _, label, _ = next(scenes)
            pictures = render(scene, 256, 256)
            units.append((through_autoencoder(state, pictures) if len(units) % 2 else pictures, label))
            units = units[-UNITS:]
        pictures, label = rng.choice(units)
        pictures = to_unit(pictures).contiguous(memory_format=torch.channels_last)
        with autocast():
            logits = judge(pictures + 0.03 * torch.randn_like(pictures))
            loss = sum(F.cross_entropy(part.float(), label[:, i]) for i, part in enumerate(logits))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(2e-3, clock.fraction(), step, 50, 0.4)
        gradients.fill(loss)
        gradients.average(10.0)
        optimizer.step()
        if step % 400 == 0:
            log("judge", clock, step, f"loss {loss.item():.4f}")
        step += 1
    clock.stop()
    return judge.eval()


@torch.no_grad()
def through_autoencoder(state: TrainingState, pictures: torch.Tensor) -> torch.Tensor:
    with autocast():
        back = state.vae.decode(state.vae.encode(to_unit(pictures))).float()
    return ((back.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


@torch.no_grad()
def score(judge: Judge, pictures: torch.Tensor, label: torch.Tensor) -> dict[str, float]:
    """Shares of right colours, shapes (of both things), relations (axis and order) and wholly right pictures."""
    with autocast():
        guess = torch.stack([part.float().argmax(-1) for part in judge(to_unit(pictures).contiguous(memory_format=torch.channels_last))], 1)
    right = guess == label
    swapped = guess[:, [0, 3, 4, 1, 2]] == label
    # The order is right when the things match better as they are than the other way round.
    in_order = right[:, 1:].sum(1) >= swapped[:, 1:].sum(1)
    return {
        "colour": right[:, [1, 3]].float().mean().item(),
        "shape": right[:, [2, 4]].float().mean().item(),
        "relation": (right[:, 0] & in_order).float().mean().item(),
        "all": right.all(1).float().mean().item(),
    }


@torch.no_grad()
def evaluate(
    state: TrainingState, judge: Judge, prompts: int, seed: int, size: int, guidance: float = DEFAULT_GUIDANCE, two_passes: bool = False
) -> dict:
    """Scores on held-out combinations: renders (the judge's own ceiling) and generated pictures of fresh captions.

    With `two_passes`, guidance is the weight of classifier-free guidance, for a model before its distillation.
    """
    rng, render = random.Random(seed), Renderer()
    scenes = [sample_scene(rng, things=2, held_out=True) for _ in range(prompts)]
    texts = [captions.caption(scene, rng) for scene in scenes]
    # "next to" leaves the order open, so it can't be judged.
    keep = [i for i, text in enumerate(texts) if not {"next", "beside", "near"} & set(captions.split_words(text)) and unambiguous(texts[i], scenes[i])]
    scenes, texts = [scenes[i] for i in keep], [texts[i] for i in keep]
    label = torch.tensor([labels(scene) for scene in scenes], device=DEVICE)
    real = render(torch.tensor([parameters(scene) for scene in scenes], device=DEVICE), 256, 256)
    made = []
    for start in range(0, len(texts), 128):
        part = texts[start : start + 128]
        text, pooled = embed(state, part)
        free = embed(state, [""]) if two_passes else None
        pictures = generate(state.ema.transformer, state.vae, text, pooled, (size, size), guidance=guidance, free=free)
        made.append(F.interpolate(pictures.float(), (256, 256), mode="area").round().to(torch.uint8))
    return {"prompts": len(texts), "size": size, "guidance": guidance, "generated": score(judge, torch.cat(made), label), "renders": score(judge, real, label)}


@torch.no_grad()
def embed(state: TrainingState, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    vocab = captions.vocabulary()
    ids = [torch.tensor([captions.encode(text, vocab, clip) for text in texts], device=DEVICE) for clip in (True, False)]
    with autocast():
        text, pooled = state.ema.encoders(*ids)
    return text.float(), pooled.float()


def choose_guidance(state: TrainingState, judge: Judge, prompts: int) -> float:
    """The smallest weight of classifier-free guidance whose pictures follow prompts about as well as any weight's."""
    scores = {}
    for weight in (1.5, 2.0, 2.5, 3.0, 4.0):
        made = evaluate(state, judge, prompts, 91, 256, weight, two_passes=True)["generated"]
        scores[weight] = (made["colour"] + made["shape"] + made["relation"]) / 3
        print(f"guidance weight {weight}: {made}", flush=True)
    return min(weight for weight, value in scores.items() if value > max(scores.values()) - 0.005)


def unambiguous(text: str, scene) -> bool:
    """"X and Y" names no relation."""
    words = captions.split_words(text)
    return any(phrase.split()[0] in words for phrase in captions.RELATION_WORDS[scene.relation]) or "left" in words or "right" in words
