"""Holes: each gets the length that the model is surest of."""

import torch
from agentic_diffusion_code.holes import SEARCHED, Holes
from library import Lexemes, Shelf

DOUBLE = "def f ( x ) :\n    y = x + x\n    return y\n"


def test_a_hole_gets_the_length_that_fits() -> None:
    tokens = Lexemes()
    whole = tokens.encode(DOUBLE, "python")
    at = whole.index(tokens.encode("+", "python")[0])
    holes = Holes((*whole[: at - 1], 90, *whole[at + 2 :]), [[at - 1]], mask=tokens.mask, end=tokens.end)
    lengths, forwards = holes.lengths(Shelf([DOUBLE], tokens), [3])
    assert lengths == [3]
    assert forwards == len(SEARCHED)
    canvas, masks = holes.canvas(lengths)
    assert canvas.shape == (1, len(whole) + 1)
    assert masks == [[at - 1, at, at + 1]]
    assert torch.equal(canvas[0, masks[0]], torch.full((3,), tokens.mask))
