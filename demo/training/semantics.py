"""What every image token shows, as an extra lesson: naming shape and colour per token from a middle layer teaches the
model which words belong to which object far sooner than the pictures alone do. The head is thrown away after training.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .flux import WIDTH
from .scene import COLOURS, FLOATS_PER_THING, SHAPES

FIRST_THING = 8  # floats before the things in a scene's parameters
SHAPE_CLASSES, COLOUR_CLASSES = len(SHAPES) + 1, len(COLOURS) + 1  # 0: no object
# Tokens without an object are most of a picture and say little.
BACKGROUND_WEIGHT = 0.15


def token_classes(scenes: torch.Tensor, subjects: torch.Tensor) -> torch.Tensor:
    """scenes [n, 47], subjects [n, tokens] of Renderer.subjects → shape · 16 + colour, uint8 [n, tokens]."""
    things = scenes[:, FIRST_THING:].unflatten(1, (3, FLOATS_PER_THING))
    shapes = things[:, :, 0].long() + 1
    palette = torch.tensor(list(COLOURS.values()), device=scenes.device)
    colours = (things[:, :, None, 7:10] - palette).abs().sum(-1).argmin(-1) + 1
    per_thing = shapes * 16 + colours
    table = torch.cat((torch.zeros(len(scenes), 2, dtype=torch.long, device=scenes.device), per_thing), 1)
    return table.gather(1, subjects.long()).to(torch.uint8)


class SemanticHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.linear = nn.Linear(WIDTH, SHAPE_CLASSES + COLOUR_CLASSES)

    def loss(self, tokens: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """tokens [b, n, width] of the image, classes [b, n] of token_classes → cross-entropy of shape and colour."""
        shape_logits, colour_logits = self.linear(self.norm(tokens)).float().split((SHAPE_CLASSES, COLOUR_CLASSES), -1)
        classes = classes.long()
        weight = torch.where(classes > 0, 1.0, BACKGROUND_WEIGHT)
        entropy = F.cross_entropy(shape_logits.flatten(0, 1), (classes // 16).flatten(), reduction="none") + F.cross_entropy(
            colour_logits.flatten(0, 1), (classes % 16).flatten(), reduction="none"
        )
        return (entropy * weight.flatten()).sum() / weight.sum()
