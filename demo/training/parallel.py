"""Training on every GPU of a host: `torchrun` starts one process a GPU, and gradients are averaged in one message a step.

A plain `python` is one process; without a GPU everything runs on the CPU, which is only good for trying the code out.
"""

import os

import torch
import torch.distributed as dist

RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
MAIN = RANK == 0  # the one process that prints, saves and judges
ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if ON_GPU else torch.device("cpu")


def start() -> None:
    if ON_GPU:
        torch.cuda.set_device(DEVICE)
        # Graphs can't be captured on the default stream, and gradients remember the stream they began on.
        torch.cuda.set_stream(torch.cuda.Stream())
    if WORLD > 1:
        dist.init_process_group("nccl" if ON_GPU else "gloo", device_id=DEVICE if ON_GPU else None)


def finish() -> None:
    if WORLD > 1:
        dist.destroy_process_group()


def autocast() -> torch.autocast:
    return torch.autocast(DEVICE.type, torch.bfloat16)


def synchronize() -> None:
    if ON_GPU:
        torch.cuda.synchronize()


def agreed(value: float) -> float:
    """What process 0 has. Every process must ask at the same point."""
    if WORLD == 1:
        return value
    shared = torch.tensor([value], dtype=torch.float64, device=DEVICE)
    dist.broadcast(shared, 0)
    return shared.item()


def share(module: torch.nn.Module) -> None:
    """Gives every process the weights of process 0."""
    if WORLD > 1:
        for tensor in module.state_dict().values():
            # NCCL takes no strides, so a tensor in another memory layout travels as a copy.
            plain = tensor.contiguous()
            dist.broadcast(plain, 0)
            tensor.copy_(plain)


class Gradients:
    """The gradients of all parameters as one flat buffer: one message averages them, one norm clips them."""

    def __init__(self, parameters) -> None:
        chosen = [p for p in parameters if p.requires_grad]
        self.flat = torch.zeros(sum(p.numel() for p in chosen), device=DEVICE)
        at = 0
        for p in chosen:
            p.grad = self.flat.as_strided(p.shape, p.stride(), at)
            at += p.numel()

    def fill(self, loss: torch.Tensor) -> None:
        """This process's own gradients, anew."""
        self.flat.zero_()
        loss.backward()

    def average(self, limit: float = 1.0) -> None:
        """Averages them over processes and clips their norm at `limit`."""
        if WORLD > 1:
            dist.all_reduce(self.flat)
            self.flat /= WORLD
        self.flat *= (limit / (self.flat.norm() + 1e-6)).clamp(max=1.0)
