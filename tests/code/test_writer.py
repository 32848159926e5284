"""The token writer with an exact model: what is fixed stays, holes get the right length."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.writer import TokenWriter
from agentic_diffusion_code.writes import Sketch
from library import Lexemes, Shelf

DOUBLE = "def f ( x ) :\n    y = x + x\n    return y\n"
SQUARE = "def f ( x ) :\n    y = x * x\n    z = y\n    return z\n"


@pytest.fixture
def writer() -> TokenWriter:
    tokens = Lexemes()
    return TokenWriter(Shelf([DOUBLE, SQUARE], tokens), tokens, Decoding(block=8, bound=0.2))


def last(sketches: Iterator[Sketch]) -> Sketch:
    shown = list(sketches)
    assert shown[-1].done
    assert shown[-1].share == 1.0
    return shown[-1]


def test_long_descriptions_are_refused(writer: TokenWriter) -> None:
    with pytest.raises(InvalidStateError, match="fewer words"):
        TokenWriter(writer.model, writer.tokens, longest_prompt=3).prompt(asked("far too many words"))


def test_programs_are_written(writer: TokenWriter) -> None:
    one_by_one = replace(writer, decoding=Decoding(block=8, bound=0.0))
    sketch = last(one_by_one.write(asked("doubles"), count=6, seed=0, temperature=1.0))
    assert set(sketch.sources) == {DOUBLE, SQUARE}
    assert sketch.tokens > sketch.forwards > 0
    greedy = last(writer.write(asked("doubles"), count=1, seed=0, temperature=0.0))
    assert greedy.sources == (DOUBLE,)


def test_prefixes_are_pinned_and_signatures_are_read(writer: TokenWriter) -> None:
    request = asked("doubles", signature="def f ( x ) :")
    assert writer.head(request) == []
    assert writer.prompt(request)[-6:] == tuple(writer.tokens.encode("def f ( x ) :", "python"))
    named = asked("doubles", ["f(1) == 2"])
    assert writer.prompt(named)[-2:] == (4, *writer.tokens.encode("f", "python"))
    other = request.model_copy(update={"prefix": "import math"})
    assert writer.tokens.layout(writer.head(other), "python")[0] == "import math\n"
    sketch = last(writer.write(other, count=1, seed=0, temperature=0.0))
    assert sketch.sources[0].startswith("import math")


def test_lines_are_mended_in_view_of_the_rest(writer: TokenWriter) -> None:
    broken = DOUBLE.replace("x + x", "x - x")
    sketch = last(writer.mend(asked("doubles"), broken, groups=[[2]], hint="", count=2, seed=0))
    assert DOUBLE in sketch.sources
    several = last(writer.mend(asked("doubles"), broken, groups=[[2], [2, 3]], hint="", count=16, seed=0))
    assert len(several.sources) == 16


def test_a_program_is_varied(writer: TokenWriter) -> None:
    sketch = last(writer.vary(asked("doubles"), DOUBLE, share=0.5, count=3, seed=0))
    assert DOUBLE in sketch.sources
    kept = last(writer.vary(asked("doubles"), DOUBLE, share=0.0, count=1, seed=0))
    assert kept.sources == (DOUBLE,)


def test_holes_find_their_length(writer: TokenWriter) -> None:
    sketch = last(writer.infill(asked("doubles"), "def f ( x ) :\n    HOLE\n    return y\n"))
    assert sketch.sources == (DOUBLE,)
    two = last(
        writer.infill(asked("squares"), "def f ( x ) :\n    y = HOLE * x\n    z = HOLE\n    return z\n")
    )
    assert two.sources == (SQUARE,)
    with pytest.raises(InvalidStateError, match="hole"):
        list(writer.infill(asked("doubles"), DOUBLE))


def test_doubt_is_told_by_line(writer: TokenWriter) -> None:
    sure = writer.sure(asked("doubles"), DOUBLE.replace("+", "-"))
    assert sure is not None
    assert len(sure.lines) == 3
    assert min(sure.lines) == sure.lines[1]
    assert len(sure.features) == 5
    right = writer.sure(asked("doubles"), DOUBLE)
    assert right is not None
    assert right.mean > sure.mean


def test_the_syntax_bars_tokens(writer: TokenWriter) -> None:
    tokens = writer.tokens
    times = tokens.encode("*", "python")[0]
    seen: list[tuple[str, int]] = []

    def syntax(language: str):
        def allowed(rows, *, start):
            seen.append((language, rows.shape[1]))
            barred = torch.ones(*rows[:, start:].shape, tokens.size, dtype=torch.bool)
            barred[..., times] = False
            return barred

        return allowed

    careful = replace(writer, syntax=syntax, decoding=Decoding(block=8, bound=0.0))
    sketch = last(careful.write(asked("doubles"), count=6, seed=0, temperature=1.0))
    assert not any("*" in source for source in sketch.sources)
    assert seen[-1] == ("python", 24)
