"""Holes are made in right programs, and both ways are measured on the same ones."""

from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.gaps import KINDS, ONCE, gaps, measure
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writer import HOLE, TokenWriter
from library import Lexemes, Reviewed


def test_programs_have_as_many_holes_as_were_asked_for() -> None:
    for kind, holes in zip(KINDS, (1, 1, 2), strict=True):
        found = gaps(kind, seed=3, count=4)
        assert [each.sketch.count(HOLE) for each in found] == [holes] * 4
        assert all(each.question.hidden.tests for each in found)


def test_both_ways_are_measured(fence: ProcessSandbox) -> None:
    tokens = Lexemes(size=1 << 10)
    writer = TokenWriter(Reviewed(["def f ( x ) :\n    return x\n"], tokens), tokens, Decoding(block=8))
    rows = list(measure(Coder(writer, fence, count=2), seed=3, count=1, sandbox=fence))
    assert [(row["hole"], row["name"]) for row in rows] == [
        (kind, name) for kind in KINDS for name in (ONCE, "ours")
    ]
    assert all(0 <= row["passed"]["mean"] <= 1 and row["forwards"]["mean"] > 0 for row in rows)
    assert {"passed_gain", "chosen_gain"} <= set(rows[1])
