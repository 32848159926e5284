"""Whole programs are read, so that they can be said in other languages; what cannot be read is refused, not guessed."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate, ir
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.render import render
from agentic_diffusion_code.corpus.understand import understand


def test_programs_of_the_corpus_come_back_as_they_were() -> None:
    for task in islice(generate(seed=41, split="composition", depths=(1, 2, 3, 3)), 60):
        assert render(understand(task.source), "python") == task.source


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return list(dict.fromkeys(xs))", "unique"),
        ("return [n for n in xs if not xs]", "is_empty"),
        ("return sorted(xs, reverse=True)", "sorted_desc"),
        ("return xs[:2] + xs if xs == xs else []", "extend"),
        ("return [] if xs == [1] else xs", "None"),
        ("out: list[int] = []\n    for n in xs:\n        out.append(n)\n    return out", "Push"),
        ("best = xs[0]\n    best = 3\n    return [best]", "Set"),
        ("return list(reversed_of(xs))", "fn:reversed_of"),
    ],
)
def test_what_programs_say_is_read(body: str, said: str) -> None:
    helper = "def reversed_of(ys: list[int]) -> list[int]:\n    return ys[::-1]\n"
    program = understand(f'{helper}def f(xs: list[int]) -> list[int]:\n    """It is said."""\n    {body}\n')
    assert said in repr(program.entry.body)
    assert program.entry.doc == "It is said."
    assert program.functions[0].params == (("ys", "list[int]"),)


def test_lists_inside_dictionaries_grow() -> None:
    said = (
        "def f(words: list[str]) -> list[str]:\n    groups: dict[str, list[str]] = {}\n    for w in words:\n"
        "        groups.setdefault(w, []).append(w)\n    return words\n"
    )
    loop = understand(said).entry.body[1]
    assert isinstance(loop, ir.For)
    assert isinstance(loop.body[0], ir.Push)
    assert loop.body[0].key == ir.Name("w", "str")


def test_values_of_a_dictionary_are_a_list() -> None:
    program = understand("def f(d: dict[str, int]) -> int:\n    return sum(list(d.values()))\n")
    assert "values" in repr(program)


@pytest.mark.parametrize(
    "body",
    [
        "return sorted(xs, reverse=False)",  # a keyword that would be overlooked
        "a = b = xs\n    return a",  # a second target
        "print(xs)\n    return xs",
        "return max(xs, default=0)",
        "for n in xs:\n        return n\n    else:\n        return 1",
        "while True:\n        pass",
        "return xs[1:2:3]",
        "return {1: 2}",
        "return xs if xs else [1]",  # true is not said of a list
        "return open(xs)",
        "return len()",
        "return [a for a in xs for b in xs]",
        "return f(xs)[",
        "return xs @ xs",
        "return xs is xs",
        "return sorted(xs, key=abs)",
        "return [n for n in xs if n]",
        "return xs if xs and True else [1]",
        "if len(xs):\n        return xs\n    return [1]",
        "x.y = 3\n    return xs",
        "f'{xs}'\n    return xs",
        "return None",
        "return [[].upper()]",
        "return int([1]).isdigit()",
        "part = 0\n    return list(dict.fromkeys(n for n in part))",
        "return [len(len(xs))]",
    ],
)
def test_what_could_be_misread_is_refused(body: str) -> None:
    with pytest.raises(UnsayableError, match="cannot be read"):
        understand(f"def f(xs: list[int]) -> list[int]:\n    {body}\n")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import os\n",
        "def f(x):\n    return x\n",
        "def f(x: bytes) -> int:\n    return 1\n",
        "def f(x: dict[float, int]) -> int:\n    return 1\n",
        "def f(*x: int) -> int:\n    return 1\n",
        "def f(x: int = 3) -> int:\n    return x\n",
        "@cache\ndef f(x: int) -> int:\n    return x\n",
        "async def f(x: int) -> int:\n    return x\n",
    ],
)
def test_what_is_no_typed_function_is_refused(source: str) -> None:
    with pytest.raises(UnsayableError):
        understand(source)
