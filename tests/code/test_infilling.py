"""Holes are filled from the left, cut where what is behind follows, and ranked with it."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.infilling import between
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.writer import TokenWriter
from library import Lexemes, Reviewed

LESS = "def f ( x ) :\n    y = x - 1\n    return y\n"
MORE = "def f ( x ) :\n    y = x + x\n    return y\n"
OTHER = "def f ( x ) :\n    z = x * x\n    return z\n"
REQUEST = asked("doubles a number", ["f(2) == 4"])


def writer(*programs: str) -> TokenWriter:
    tokens = Lexemes()
    return TokenWriter(Reviewed(list(programs), tokens), tokens, Decoding(block=8, bound=0.2))


def test_parts_lie_between_the_holes() -> None:
    assert between([1, 2, 3, 4, 5, 6], [[1, 2], [4]]) == [[1], [4], [6]]
    assert between([1, 2], [[0]]) == [[], [2]]


def test_the_likeliest_filling_comes_first_and_others_behind_it() -> None:
    *_, sketch = writer(LESS, MORE).infill(REQUEST, "def f ( x ) :\n    y = HOLE\n    return y\n", count=4)
    assert sketch.done
    assert set(sketch.sources) >= {LESS, MORE}
    assert len(sketch.sources) == len(set(sketch.sources))
    assert sketch.forwards > 0


def test_two_holes_with_nothing_between_them_are_refused() -> None:
    with pytest.raises(InvalidStateError, match="Write one HOLE there"):
        list(writer(LESS).infill(REQUEST, "def f ( x ) :\n    return HOLE HOLE\n"))


def test_what_stands_behind_a_hole_decides() -> None:
    *_, sketch = writer(LESS, OTHER).infill(REQUEST, "def f ( x ) :\n    HOLE\n    return z\n")
    assert sketch.sources == (OTHER,)


def test_holes_are_filled_one_after_the_other() -> None:
    *_, sketch = writer(LESS, MORE).infill(REQUEST, "def f ( x ) :\n    y = HOLE\n    return HOLE\n", count=8)
    assert MORE in sketch.sources
