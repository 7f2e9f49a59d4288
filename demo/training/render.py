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
from .parallel import DEVICE, ON_GPU, RANK
from .scene import COLOURS, FLOATS_PER_SCENE, RELATIONS, SHAPES, parameters, sample_scene


class Renderer:
    """renderer.cu as a shared library, called on PyTorch's stream: built by nvcc, without a GPU by a C++ compiler."""

    def __init__(self) -> None:
        source = Path(__file__).with_name("renderer.cu")
        parts = [source, *sorted(source.parent.glob("*.cuh"))]
        name = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]
        library = Path(tempfile.gettempdir()) / f"scene-renderer-{name}-{DEVICE.type}.so"
        if not library.exists():
            # Built aside and renamed: the other processes of a training run look for it too.
            partial = library.with_suffix(f".{RANK}")
            nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
            compiler = [nvcc, "-O3", "-use_fast_math", "-arch=native", "-Xcompiler", "-fPIC"] if ON_GPU else ["g++", "-x", "c++", "-O3", "-ffast-math", "-fPIC"]
            subprocess.run([*compiler, "-shared", "-o", str(partial), str(source)], check=True)
            partial.replace(library)
        self._library = ctypes.CDLL(str(library))
        self._library.render_scenes.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 3, ctypes.c_void_p, ctypes.c_void_p]
        self._library.map_subjects.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 4, ctypes.c_void_p, ctypes.c_void_p]

    def __call__(self, scenes: torch.Tensor, width: int, height: int) -> torch.Tensor:
        """scenes [n, 48] float32 on the device → uint8 [n, 3, height, width]."""
        scenes = scenes.contiguous()
        out = torch.empty(len(scenes), 3, height, width, dtype=torch.uint8, device=scenes.device)
        stream = torch.cuda.current_stream().cuda_stream if ON_GPU else None
        code = self._library.render_scenes(scenes.data_ptr(), len(scenes), width, height, out.data_ptr(), stream)
        if code:
            raise RuntimeError(f"render_scenes failed with CUDA error {code}")
        return out

    def subjects(self, scenes: torch.Tensor, width: int, height: int, cell: int) -> torch.Tensor:
        """What every cell × cell square shows: 0 sky, 1 ground, 2 + i thing i; uint8 [n, height / cell · width / cell]."""
        scenes = scenes.contiguous()
        out = torch.empty(len(scenes), (height // cell) * (width // cell), dtype=torch.uint8, device=scenes.device)
        stream = torch.cuda.current_stream().cuda_stream if ON_GPU else None
        code = self._library.map_subjects(scenes.data_ptr(), len(scenes), width, height, cell, out.data_ptr(), stream)
        if code:
            raise RuntimeError(f"map_subjects failed with CUDA error {code}")
        return out


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """uint8 → float in [−1, 1]."""
    return images.float() / 127.5 - 1


class SceneStream(torch.utils.data.IterableDataset):
    """Endless batches: scene parameters [n, 48], CLIP ids [n, 32], T5 ids [n, 32], labels [n, 5], roles [n, 3].

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
                tensor_of("i", [v for s in scenes for v in roles(s)]).view(self.batch, 3),
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


def roles(scene) -> list[int]:
    if scene.relation is None:
        return [0, 0, 0]
    first = RELATIONS.index(scene.relation)
    return [1 + first, 1 + (first ^ 1), 0]  # relations come in pairs of opposites


def tensor_of(code: str, values: list) -> torch.Tensor:
    return torch.frombuffer(array(code, values), dtype=torch.float32 if code == "f" else torch.int32).clone()


def stream(batch: int, seed: int, workers: int = 12, **options):
    """An iterator over SceneStream's batches on the device; every training process has its own scenes."""
    loader = torch.utils.data.DataLoader(
        SceneStream(batch, 1000 * seed + RANK, **options), batch_size=None, num_workers=workers if ON_GPU else 1,
        prefetch_factor=4, pin_memory=ON_GPU,
    )
    for scenes, *rest in loader:
        yield scenes.to(DEVICE, non_blocking=True), *(part.to(DEVICE, non_blocking=True).long() for part in rest)
