"""Lessons: what a row holds, how users' ways are imitated, and which spans the syntax has."""

import random
from dataclasses import dataclass

from agentic_diffusion_code.lessons import Manner, row_of, rows, spans_of, untyped
from library import Lexemes

PLAIN = Manner(bare=0, renamed=0, named=0, free=0, pinned=0)


@dataclass(frozen=True)
class Task:
    description: str = "doubles x"
    language: str = "python"
    entry: str = "double"
    signature: str = "def double(x: int) -> int:"
    source: str = "def double(x: int) -> int:\n    return (x + x)\n"


def row(manner: Manner, tokens: Lexemes, task: Task | None = None):
    return row_of(task or Task(), tokens, manner, rng=random.Random(0))


def test_a_row_is_prompt_and_program() -> None:
    tokens = Lexemes()
    plain = row(PLAIN, tokens)
    said = tokens.encode(Task().signature, "python")
    assert plain.prompt == (8, 3, *tokens.encode_text("doubles x"), 4, *said)
    assert plain.code == (*tokens.encode(Task().source, "python"), tokens.end)
    assert plain.fixed == 0
    assert row(Manner(bare=0, renamed=0, named=0, free=0, pinned=1), tokens).fixed == len(said)


def test_users_ways() -> None:
    tokens = Lexemes()
    named = row(Manner(bare=0, renamed=0, named=1, free=0), tokens)
    assert named.prompt[-2:] == (4, *tokens.encode("double", "python"))
    assert row(Manner(bare=0, renamed=0, named=0, free=1), tokens).prompt[-1] == 4
    renamed = row(Manner(bare=0, renamed=1, named=0, free=0), tokens)
    assert tokens.words.index("double") not in renamed.code
    bare = row(Manner(bare=1, renamed=0, named=0, free=0), tokens)
    assert tokens.words.index("int") not in bare.code


def test_long_lessons_are_left_out() -> None:
    tokens = Lexemes()
    assert row(Manner(longest=5), tokens) is None
    assert row(Manner(longest_prompt=5), tokens) is None
    made = rows([Task(), Task(source="x " * 300), Task()], tokens, seed=0)
    assert len(list(made)) == 2


def test_types_are_taken_off() -> None:
    typed = "def f(a: dict[str, list[int]], b: str = 'x') -> list[int]:\n    kept: int = 0\n"
    assert untyped(typed) == "def f(a, b= 'x'):\n    kept: int = 0\n"
    assert untyped("def f(a, b):\n") == "def f(a, b):\n"


def test_spans_are_lines_and_brackets() -> None:
    tokens = Lexemes()
    source = "def f ( x ) :\n    return ( x + x )\n"
    ids = tokens.encode(source, "python")
    shown = [" ".join(tokens.words[i] for i in ids[a:b]) for a, b in spans_of(source, tokens, "python")]
    assert "x + x" in shown
    assert "x" in shown
    assert any(each.endswith("return ( x + x )") for each in shown)
