"""Scenes to pictures on the GPU, and an endless stream of captioned scenes from worker processes."""

import ctypes
import hashlib
import random
import shutil
import subprocess
import tempfile
from array import array
from pathlib import Path

import torch

from . import captions
from .scene import FLOATS_PER_SCENE, SHAPES, COLOURS, parameters, sample_scene


class Renderer:
    """renderer.cu compiled by nvcc into a shared library, called on PyTorch's stream."""

    def __init__(self) -> None:
        source = Path(__file__).with_name("renderer.cu")
        nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
        parts = [source, *sorted(source.parent.glob("*.cuh"))]
        name = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]
        library = Path(tempfile.gettempdir()) / f"scene-renderer-{name}.so"
        if not library.exists():
            subprocess.run(
                [nvcc, "-O3", "-use_fast_math", "-arch=native", "-shared", "-Xcompiler", "-fPIC", "-o", str(library), str(source)],
                check=True,
            )
        self._library = ctypes.CDLL(str(library))
        self._library.render_scenes.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 3, ctypes.c_void_p, ctypes.c_void_p]
        self._library.map_subjects.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 4, ctypes.c_void_p, ctypes.c_void_p]

    def __call__(self, scenes: torch.Tensor, width: int, height: int) -> torch.Tensor:
        """scenes [n, 47] float32 on the GPU → uint8 [n, 3, height, width]."""
        scenes = scenes.contiguous()
        out = torch.empty(len(scenes), 3, height, width, dtype=torch.uint8, device=scenes.device)
        stream = torch.cuda.current_stream().cuda_stream
        code = self._library.render_scenes(scenes.data_ptr(), len(scenes), width, height, out.data_ptr(), stream)
        if code:
            raise RuntimeError(f"render_scenes failed with CUDA error {code}")
        return out

    def subjects(self, scenes: torch.Tensor, width: int, height: int, cell: int) -> torch.Tensor:
        """What every cell × cell square shows: 0 sky, 1 ground, 2 + i thing i; uint8 [n, height / cell · width / cell]."""
        scenes = scenes.contiguous()
        out = torch.empty(len(scenes), (height // cell) * (width // cell), dtype=torch.uint8, device=scenes.device)
        stream = torch.cuda.current_stream().cuda_stream
        code = self._library.map_subjects(scenes.data_ptr(), len(scenes), width, height, cell, out.data_ptr(), stream)
        if code:
            raise RuntimeError(f"map_subjects failed with CUDA error {code}")
        return out


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """uint8 → float in [−1, 1]."""
    return images.float() / 127.5 - 1


class SceneStream(torch.utils.data.IterableDataset):
    """Endless batches: scene parameters [n, 47], CLIP ids [n, 32], T5 ids [n, 32], labels [n, 5].

    Labels are for the classifier: axis (0 horizontal, 1 depth, 2 vertical), then colour and shape of the first and the
    second thing along it (left, front or top first); only scenes with a relation have them, others −1.
    """

    def __init__(self, batch: int, seed: int, things: int | None = None, held_out: bool = False) -> None:
        self.batch, self.seed, self.things, self.held_out = batch, seed, things, held_out

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        rng = random.Random(f"{self.seed}-{info.id if info else 0}")
        vocab = captions.vocabulary()
        while True:
            scenes = [sample_scene(rng, self.things, self.held_out) for _ in range(self.batch)]
            texts = [captions.caption(scene, rng) for scene in scenes]
            yield (
                tensor_of("f", [v for s in scenes for v in parameters(s)]).view(self.batch, FLOATS_PER_SCENE),
                tensor_of("i", [i for t in texts for i in captions.encode(t, vocab, True)]).view(self.batch, -1),
                tensor_of("i", [i for t in texts for i in captions.encode(t, vocab, False)]).view(self.batch, -1),
                tensor_of("i", [v for s in scenes for v in labels(s)]).view(self.batch, 5),
            )


def labels(scene) -> list[int]:
    if scene.relation is None:
        return [-1] * 5
    axis, first = {
        "left of": (0, 0), "right of": (0, 1), "in front of": (1, 0), "behind": (1, 1), "on top of": (2, 0), "under": (2, 1),
    }[scene.relation]
    order = [scene.things[first], scene.things[1 - first]]
    colours = list(COLOURS)
    return [axis, *[v for t in order for v in (colours.index(t.colour), SHAPES.index(t.shape))]]


def tensor_of(code: str, values: list) -> torch.Tensor:
    return torch.frombuffer(array(code, values), dtype=torch.float32 if code == "f" else torch.int32).clone()


def stream(batch: int, seed: int, workers: int = 12, **options):
    """An iterator over SceneStream's batches on the GPU."""
    loader = torch.utils.data.DataLoader(
        SceneStream(batch, seed, **options), batch_size=None, num_workers=workers, prefetch_factor=4, pin_memory=True
    )
    for scenes, clip_ids, t5_ids, label in loader:
        yield scenes.cuda(non_blocking=True), clip_ids.cuda(non_blocking=True).long(), t5_ids.cuda(non_blocking=True).long(), label.cuda(non_blocking=True).long()
