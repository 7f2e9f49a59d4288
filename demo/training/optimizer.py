"""Muon for the matrices of the transformer's blocks, AdamW for everything else."""

import torch

# Quintic Newton–Schulz coefficients of the Muon paper (Keller Jordan, 2024).
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonalised(x: torch.Tensor) -> torch.Tensor:
    """[k, r, c] → about the nearest matrices with orthonormal rows or columns, in bfloat16."""
    a, b, c = COEFFICIENTS
    tall = x.shape[1] > x.shape[2]
    x = x.mT.bfloat16() if tall else x.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon:
    """Momentum whose matrices are made orthogonal before each step; its size equals that of an AdamW step.

    torch.optim.Muon does the same one matrix at a time, some 1,300 small kernels a step here; matrices of one shape
    go through together.
    """

    def __init__(self, matrices: list[torch.Tensor], momentum: float = 0.95, weight_decay: float = 0.02) -> None:
        self.momentum, self.weight_decay = momentum, weight_decay
        self.groups: dict[torch.Size, list[torch.Tensor]] = {}
        for matrix in matrices:
            self.groups.setdefault(matrix.shape, []).append(matrix)
        self.means = [torch.zeros(len(group), *shape, device=group[0].device) for shape, group in self.groups.items()]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for (shape, group), mean in zip(self.groups.items(), self.means):
            gradient = torch.stack([p.grad for p in group])
            mean.lerp_(gradient, 1 - self.momentum)
            update = orthogonalised(gradient.lerp_(mean, self.momentum)).float()
            torch._foreach_mul_(group, 1 - rate * self.weight_decay)
            torch._foreach_add_(group, list(update.unbind(0)), alpha=-rate * 0.2 * max(shape) ** 0.5)


class Optimizer:
    # How much faster than AdamW's the matrices' rate is.
    MUON_FACTOR = 2.5

    def __init__(self, model: torch.nn.Module, saved: dict | None = None) -> None:
        transformer = model.transformer
        blocks = [*transformer.transformer_blocks, *transformer.single_transformer_blocks]
        matrices = [p for block in blocks for name, p in block.named_parameters() if p.ndim == 2 and ".linear." not in f".{name}"]
        chosen = {id(p) for p in matrices}
        rest = [p for p in model.parameters() if id(p) not in chosen]
        self.muon = Muon(matrices)
        self.adam = torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.005, fused=True)
        if saved:
            self.adam.load_state_dict(saved["adam"])
            for mean, kept in zip(self.muon.means, saved["muon"]):
                mean.copy_(kept)

    def step(self, rate: float) -> None:
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        self.muon.step(self.MUON_FACTOR * rate)

    def state_dict(self) -> dict:
        return {"adam": self.adam.state_dict(), "muon": self.muon.means}
