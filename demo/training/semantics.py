"""Extra lessons that name what belongs together, far sooner than the pictures alone teach it: every image token of a middle
layer names shape and colour of what it shows; every noun's text token names shape, colour and place of its thing; CLIP's
pooled vector names the first two things. The heads are thrown away after training.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .captions import NOUNS, vocabulary
from .flux import WIDTH
from .scene import COLOURS, FIRST_THING, FLOATS_PER_THING, SHAPES
from .text import CLIP_WIDTH, T5_WIDTH

SHAPE_CLASSES, COLOUR_CLASSES = len(SHAPES) + 1, len(COLOURS) + 1  # 0: no object
# Where a thing is by its relation; 0: nothing is said of it.
ROLES = ("", "left of", "right of", "in front of", "behind", "on top of", "under")
PARTS = (SHAPE_CLASSES, COLOUR_CLASSES, len(ROLES))
# Tokens without an object are most of a picture and say little.
BACKGROUND_WEIGHT = 0.15
IMAGE_WEIGHT, NOUN_WEIGHT, POOLED_WEIGHT = 1.0, 0.5, 0.25


def thing_classes(scenes: torch.Tensor) -> torch.Tensor:
    """scenes [n, 48] → shape · 16 + colour of the three things, from 1 on; 0 for one that is absent; int64 [n, 3]."""
    things = scenes[:, FIRST_THING:].unflatten(1, (3, FLOATS_PER_THING))
    palette = torch.tensor(list(COLOURS.values()), device=scenes.device)
    colours = (things[:, :, None, 7:10] - palette).abs().sum(-1).argmin(-1) + 1
    return ((things[:, :, 0].long() + 1) * 16 + colours) * (things[:, :, 12] > 0.5)


def token_classes(things: torch.Tensor, subjects: torch.Tensor) -> torch.Tensor:
    """things [n, 3] of thing_classes, subjects [n, tokens] of Renderer.subjects → classes, uint8 [n, tokens]."""
    table = F.pad(things, (2, 0))
    return table.gather(1, subjects.long()).to(torch.uint8)


def entropy(logits: tuple[torch.Tensor, ...], classes: tuple[torch.Tensor, ...], weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropies of several classes of the same tokens, [n, …] each, added and averaged by weight."""
    total = sum(
        F.cross_entropy(part.flatten(0, -2), wanted.flatten(), reduction="none") for part, wanted in zip(logits, classes)
    )
    return (total * weight.flatten()).sum() / weight.sum().clamp(min=1.0)


class SemanticHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.linear = nn.Linear(WIDTH, sum(PARTS[:2]))
        self.noun = nn.Linear(T5_WIDTH, sum(PARTS))
        self.pooled = nn.Linear(CLIP_WIDTH, 2 * sum(PARTS))
        vocab = vocabulary()
        is_noun = torch.zeros(len(vocab), dtype=torch.bool)
        is_noun[[vocab[noun] for nouns in NOUNS.values() for noun in nouns]] = True
        self.register_buffer("is_noun", is_noun, persistent=False)

    def loss(
        self, tokens: torch.Tensor, text: torch.Tensor, pooled: torch.Tensor, t5_ids: torch.Tensor,
        classes: torch.Tensor, things: torch.Tensor, roles: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Weighted sum of the three lessons, and that of the image alone.

        tokens [b, n, width] of the image, text [b, 32, c], pooled [b, c], t5_ids [b, 32], classes [b, n] of token_classes,
        things [b, 3] of thing_classes, roles [b, 3] into ROLES.
        """
        classes, things, roles = classes.long(), things.long(), roles.long()
        image = entropy(
            self.linear(self.norm(tokens)).float().split(PARTS[:2], -1), (classes // 16, classes % 16),
            BACKGROUND_WEIGHT + (1 - BACKGROUND_WEIGHT) * (classes > 0),
        )
        # Captions name things in their order, each by one noun.
        nouns = self.is_noun[t5_ids]
        which = (nouns.cumsum(1) - 1).clamp(0, 2)
        named = things.gather(1, which)
        noun = entropy(
            self.noun(text).float().split(PARTS, -1), (named // 16, named % 16, roles.gather(1, which)), nouns.float()
        )
        told = nouns.any(1)
        whole = entropy(
            self.pooled(pooled).float().unflatten(-1, (2, -1)).split(PARTS, -1),
            (things[:, :2] // 16, things[:, :2] % 16, roles[:, :2]), told[:, None].expand(-1, 2).float(),
        )
        return IMAGE_WEIGHT * image + NOUN_WEIGHT * noun + POOLED_WEIGHT * whole, image
