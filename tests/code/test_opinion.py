"""What a model thinks of a finished program."""

import math

import pytest
import torch
from agentic_diffusion_code.opinion import by_line, chances, doubted, features
from library import Lexemes, Reviewed, Shelf

DOUBLE = "def f ( x ) :\n    y = x + x\n    return y\n"


@pytest.mark.parametrize("kind", [Shelf, Reviewed])
def test_a_wrong_token_is_doubted(kind: type[Shelf]) -> None:
    tokens = Lexemes()
    right = [*tokens.encode(DOUBLE, "python"), tokens.end]
    wrong = list(right)
    at = right.index(tokens.encode("+", "python")[0])
    wrong[at] = tokens.encode("-", "python")[0]
    model = kind([DOUBLE], tokens)
    sure = chances(model, [3], right, mask=tokens.mask, block=8)
    doubt = chances(model, [3], wrong, mask=tokens.mask, block=8)
    assert sure.shape == (len(right),)
    assert int(doubt.argmin()) == at
    assert float(sure.min()) > -1 > float(doubt[at])


def test_lines_are_as_sure_as_their_least_sure_token() -> None:
    chance = torch.tensor([0.5, 0.25, 0.9, 0.1]).log()
    text, places = "a b\nc d\n", [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert by_line(chance, places, text, fixed=0) == pytest.approx((0.25, 0.1))
    assert by_line(chance, places, text, fixed=2) == pytest.approx((1.0, 0.1))


def test_features_are_logarithms_of_surprise() -> None:
    total, mean, strange = features(torch.tensor([-0.5, -2.0, -4.0]), strange=True)
    assert (total, mean, strange) == pytest.approx((math.log(6.51), math.log(6.5 / 3 + 1e-4), 1.0))
    certain = features(torch.zeros(3), strange=False)
    assert certain == pytest.approx((math.log(1e-2), math.log(1e-4), 0.0))
    impossible = features(torch.tensor([-torch.inf]), strange=False)
    assert impossible[0] == pytest.approx(math.log(20.01))


def test_doubted_lines_are_told_the_worst_first() -> None:
    source = "def f(x):\n    y = x\n    return y\n"
    assert doubted(source, [1.0, 0.4, 0.123]) == (
        "doubts line 3 (0.12): return y",
        "doubts line 2 (0.40): y = x",
    )
    assert doubted(source, [1.0, 0.5, 0.9]) == ()
    assert len(doubted("a\n" * 9, [0.1] * 9)) == 3
