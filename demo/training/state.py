"""What training keeps between its pieces, and how time is counted: every stage has a budget in seconds, so that a piece
can stop anywhere and the next goes on."""

import copy
import time
from pathlib import Path

import torch

from .flux import FluxTransformer2DModel
from .parallel import DEVICE, MAIN, agreed, share, synchronize
from .semantics import SemanticHead
from .text import TextEncoders
from .vae import Autoencoder


class Denoiser(torch.nn.Module):
    """The transformer with its text encoders, and the head of the extra lesson."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer, self.encoders, self.semantics = FluxTransformer2DModel(), TextEncoders(), SemanticHead()


class TrainingState:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "state.pt"
        self.spent: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.vae = Autoencoder().to(DEVICE)
        self.model = Denoiser().to(DEVICE)
        self.ema = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizers: dict[str, dict] = {}
        # The weight of classifier-free guidance that the default guidance stands for; measured before distillation.
        self.guidance_weight = 2.25

    def save(self) -> None:
        """Written to a temporary file and renamed: a killed run leaves the last whole state."""
        if not MAIN:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(".tmp")
        torch.save(
            {
                "spent": self.spent, "counts": self.counts, "vae": self.vae.state_dict(), "model": self.model.state_dict(),
                "ema": self.ema.state_dict(), "optimizers": self.optimizers, "guidance_weight": self.guidance_weight,
            },
            temporary,
        )
        temporary.replace(self.file)

    def save_compact(self, folder: Path) -> None:
        """Weights alone, in half precision and small files: enough to go on elsewhere, with a fresh optimiser."""
        if not MAIN:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name, module in (("vae", self.vae), ("model", self.model), ("ema", self.ema)):
            torch.save({k: v.half() if v.is_floating_point() else v for k, v in module.state_dict().items()}, folder / f"compact-{name}.pt")
        meta = {"spent": self.spent, "counts": self.counts, "guidance_weight": self.guidance_weight}
        torch.save(meta, folder / "compact-meta.pt")

    def load(self, compact: Path | None = None) -> bool:
        """Goes on from this folder, else from a small state; every process ends with the same weights."""
        found = self._load_own() or self._load_compact(compact)
        for module in (self.vae, self.model, self.ema):
            share(module)
        return found

    def _load_own(self) -> bool:
        if not self.file.exists():
            return False
        saved = torch.load(self.file, map_location=DEVICE, weights_only=True)
        self.spent, self.counts, self.optimizers = saved["spent"], saved["counts"], saved["optimizers"]
        self.guidance_weight = saved["guidance_weight"]
        for name in ("vae", "model", "ema"):
            getattr(self, name).load_state_dict(saved[name])
        return True

    def _load_compact(self, folder: Path | None) -> bool:
        if not folder or not (folder / "compact-meta.pt").exists():
            return False
        meta = torch.load(folder / "compact-meta.pt", weights_only=True)
        self.spent, self.counts = meta["spent"], meta["counts"]
        self.guidance_weight = meta.get("guidance_weight", self.guidance_weight)
        for name in ("vae", "model", "ema"):
            # A state from before a lesson is welcome: the lesson's head starts anew.
            weights = torch.load(folder / f"compact-{name}.pt", map_location=DEVICE, weights_only=True)
            result = getattr(self, name).load_state_dict(weights, strict=False)
            assert not result.unexpected_keys and all(key.startswith("semantics.") for key in result.missing_keys), result
        return True


class StageClock:
    """Seconds that a stage has used, over all pieces, against its budget and this piece's deadline.

    Process 0 tells the time, so that all processes learn at the same rate and stop at the same step.
    """

    STEPS_PER_LOOK = 20

    def __init__(self, state: TrainingState, stage: str, budget: float, deadline: float) -> None:
        self.state, self.stage, self.budget, self.deadline = state, stage, budget, deadline
        self.started = time.monotonic()
        self.before = self.now = state.spent.get(stage, 0.0)
        self.steps, self.go = 0, True

    def look(self) -> None:
        now = self.before + time.monotonic() - self.started
        go = now < self.budget and time.monotonic() < self.deadline
        self.now, self.go = agreed(now), agreed(float(go)) > 0

    def elapsed(self) -> float:
        """As of the last look."""
        return self.now

    def fraction(self) -> float:
        return min(1.0, self.now / self.budget)

    def running(self) -> bool:
        """Ask once before every step."""
        if self.steps % self.STEPS_PER_LOOK == 0:
            self.look()
        self.steps += 1
        return self.go

    def stop(self) -> None:
        synchronize()
        self.look()
        self.state.spent[self.stage] = self.now

    def done(self) -> bool:
        return self.now >= self.budget


def log(stage: str, clock: StageClock, step: int, text: str) -> None:
    if MAIN:
        print(f"{stage} {clock.elapsed():7.1f}s step {step:6d} {text}", flush=True)


def learning_rate(peak: float, fraction: float, step: int, warmup: int, decay_from: float) -> float:
    """Warm-up by steps, then constant, then linear to a hundredth over the last part of the stage."""
    decay = 1.0 if fraction < decay_from else 1 - 0.99 * (fraction - decay_from) / (1 - decay_from)
    return peak * min(1.0, (step + 1) / warmup) * decay
