"""What training keeps between its pieces, and how time is counted: every stage has a budget in seconds, so that a piece
can stop anywhere and the next goes on."""

import copy
import time
from pathlib import Path

import torch

from .flux import FluxTransformer2DModel
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
        self.vae = Autoencoder().cuda()
        self.model = Denoiser().cuda()
        self.ema = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizers: dict[str, dict] = {}

    def save(self) -> None:
        """Written to a temporary file and renamed: a killed run leaves the last whole state."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(".tmp")
        torch.save(
            {
                "spent": self.spent, "counts": self.counts, "vae": self.vae.state_dict(), "model": self.model.state_dict(),
                "ema": self.ema.state_dict(), "optimizers": self.optimizers,
            },
            temporary,
        )
        temporary.replace(self.file)

    def save_compact(self, folder: Path) -> None:
        """Weights alone, in half precision and small files: enough to go on elsewhere, with a fresh optimiser."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, module in (("vae", self.vae), ("model", self.model), ("ema", self.ema)):
            torch.save({k: v.half() if v.is_floating_point() else v for k, v in module.state_dict().items()}, folder / f"compact-{name}.pt")
        torch.save({"spent": self.spent, "counts": self.counts}, folder / "compact-meta.pt")

    def load(self, compact: Path | None = None) -> bool:
        if self.file.exists():
            saved = torch.load(self.file, map_location="cuda", weights_only=True)
            self.spent, self.counts, self.optimizers = saved["spent"], saved["counts"], saved["optimizers"]
            for name in ("vae", "model", "ema"):
                getattr(self, name).load_state_dict(saved[name])
            return True
        if compact and (compact / "compact-meta.pt").exists():
            meta = torch.load(compact / "compact-meta.pt", weights_only=True)
            self.spent, self.counts = meta["spent"], meta["counts"]
            for name in ("vae", "model", "ema"):
                # A state from before the semantic head is welcome: the head starts anew.
                weights = torch.load(compact / f"compact-{name}.pt", map_location="cuda", weights_only=True)
                result = getattr(self, name).load_state_dict(weights, strict=False)
                assert not result.unexpected_keys and all(key.startswith("semantics.") for key in result.missing_keys), result
            return True
        return False


class StageClock:
    """Seconds that a stage has used, over all pieces, against its budget and this piece's deadline."""

    def __init__(self, state: TrainingState, stage: str, budget: float, deadline: float) -> None:
        self.state, self.stage, self.budget, self.deadline = state, stage, budget, deadline
        self.started = time.monotonic()
        self.before = state.spent.get(stage, 0.0)

    def elapsed(self) -> float:
        return self.before + time.monotonic() - self.started

    def fraction(self) -> float:
        return min(1.0, self.elapsed() / self.budget)

    def running(self) -> bool:
        return self.elapsed() < self.budget and time.monotonic() < self.deadline

    def stop(self) -> None:
        torch.cuda.synchronize()
        self.state.spent[self.stage] = self.elapsed()

    def done(self) -> bool:
        return self.elapsed() >= self.budget


def learning_rate(peak: float, fraction: float, step: int, warmup: int, decay_from: float) -> float:
    """Warm-up by steps, then constant, then linear to a twentieth over the last part of the stage."""
    decay = 1.0 if fraction < decay_from else 1 - 0.95 * (fraction - decay_from) / (1 - decay_from)
    return peak * min(1.0, (step + 1) / warmup) * decay
