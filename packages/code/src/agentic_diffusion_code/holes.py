"""Holes in a program: how long each is to be, by what the model thinks at first sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

from .model.reading import Reads

SEARCHED = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16)
"""Lengths that are compared."""
_DELTAS = (0, 0, 2, -1, 1, 4, -2, 3)


@final
@dataclass(frozen=True)
class Holes:
    """A program with holes.

    Args:
        ids: Its tokens.
        groups: The tokens of each hole.
        mask: Stands for a hidden token.
        end: Ends a program.
    """

    ids: tuple[int, ...]
    groups: Sequence[Sequence[int]]
    mask: int
    end: int

    def lengths(self, model: Reads, prompt: Sequence[int]) -> tuple[list[int], int]:
        """Return the length of each hole, and how often the model was asked.

        Lengths are compared by the mean confidence of the first look (CAL, arXiv:2602.00476), hole by hole.
        """
        lengths, forwards = [4] * len(self.groups), 0
        for number in range(len(self.groups)):
            scores = []
            for length in SEARCHED:
                canvas, masks = self.canvas([*lengths[:number], length, *lengths[number + 1 :]])
                logits = model.open(prompt).look(canvas)
                forwards += 1
                sure = logits[0, masks[number]].float().log_softmax(-1).amax(-1)
                scores.append(float(sure.mean()))
            lengths[number] = SEARCHED[max(range(len(scores)), key=scores.__getitem__)]
        return lengths, forwards

    def canvas(self, lengths: Sequence[int]) -> tuple[Tensor, list[list[int]]]:
        """Return the program with masks in its holes, and where the masks of each hole are."""
        row: list[int] = []
        masks: list[list[int]] = [[] for _ in self.groups]
        firsts = {group[0]: number for number, group in enumerate(self.groups)}
        inner = {i for group in self.groups for i in group[1:]}
        for i, token in enumerate(self.ids):
            if i in firsts:
                number = firsts[i]
                masks[number] = list(range(len(row), len(row) + lengths[number]))
                row += [self.mask] * lengths[number]
            elif i not in inner:
                row.append(token)
        return torch.tensor([[*row, self.end]]), masks


def hollow(
    ids: Sequence[int], chosen: Sequence[Sequence[bool]], *, count: int, mask: int, end: int, pad: int
) -> Int[Tensor, "batch length"]:
    """Return candidates with what is chosen hidden, one choice after the other.

    The last hole of each grows or shrinks after each full turn; all are filled up to one length.
    """
    rows = []
    for number in range(count):
        hides = chosen[number % len(chosen)]
        delta = _DELTAS[number // len(chosen) % len(_DELTAS)]
        row = [mask if hide else i for i, hide in zip(ids, hides, strict=True)]
        holes = [i for i, hide in enumerate(hides) if hide]
        if holes and delta > 0:
            row[holes[-1] : holes[-1]] = [mask] * delta
        for hole in reversed(holes[delta:] if delta < 0 and len(holes) > -delta else []):
            del row[hole]
        rows.append([*row, end])
    longest = max(map(len, rows))
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])


def holes_of(places: Sequence[tuple[int, int]], text: str, hole: str) -> list[list[int]]:
    """Return the tokens of each hole of a program, in order.

    Args:
        places: Where each token stands in the text.
        text: The program.
        hole: What stands for a hole.
    """
    spans = sorted({place for place in places if text[slice(*place)] == hole})
    return [[index for index, place in enumerate(places) if place == span] for span in spans]
