"""A training step's forward and backward pass as one CUDA graph for every picture size.

The model is small: launching its thousands of kernels from Python takes several times as long as running them.
"""

from collections.abc import Callable

import torch

from .parallel import MAIN, ON_GPU

WARM_UPS = 3


class GraphedPass:
    """`compute(size, *inputs)` must do the same device work for a size every time, wait for nothing, and leave its results
    in tensors that outlive it, such as the gradients."""

    def __init__(self, compute: Callable[..., None]) -> None:
        self.compute = compute
        self.graphs: dict[tuple[int, int], tuple[torch.cuda.CUDAGraph, list[torch.Tensor]]] = {}
        self.memory = torch.cuda.graph_pool_handle() if ON_GPU else None

    def __call__(self, size: tuple[int, int], *inputs: torch.Tensor) -> None:
        if not ON_GPU:
            self.compute(size, *inputs)
            return
        if size not in self.graphs:
            self.graphs[size] = self.capture(size, inputs)
        graph, static = self.graphs[size]
        for kept, new in zip(static, inputs):
            kept.copy_(new)
        graph.replay()

    def capture(self, size: tuple[int, int], inputs: tuple[torch.Tensor, ...]) -> tuple[torch.cuda.CUDAGraph, list[torch.Tensor]]:
        static = [each.clone() for each in inputs]
        # Compilation and the libraries' own set-up are not for a capture.
        for _ in range(WARM_UPS):
            self.compute(size, *static)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        # Thread-local: the loaders' and NCCL's own threads go on calling CUDA meanwhile.
        with torch.cuda.graph(graph, pool=self.memory, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"):
            self.compute(size, *static)
        if MAIN:
            print(f"captured {size}: {torch.cuda.memory_reserved() / 2**30:.1f} GiB", flush=True)
        return graph, static
