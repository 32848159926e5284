"""A program that passes is doubted where it lacks what was stated, or holds what it does not use."""

from itertools import islice

import pytest
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.domain import CodeRequest, asked
from agentic_diffusion_code.doubts import doubts
from agentic_diffusion_code.sandbox import ProcessSandbox
from scribe import Scribe

TEN = "def f(n: int) -> str:\n    return 'small' if n // 10 < 1 else 'large'\n"
FIVE = TEN.replace("10", "5")


class Remembers:
    """A memory of one program."""

    def nearest(self, request: CodeRequest) -> str:
        return FIVE


@pytest.mark.parametrize(
    ("said", "source", "against"),
    [
        ("'small' when `n` divided by 5 is below 1, else 'large'", TEN, ("5 is stated and not in it",)),
        ("'small' when `n` divided by 5 is below 1, else 'large'", FIVE, ()),
        ("at least -3, and three times that", "def f(n):\n    return max(n, -3) * 3\n", ()),
        (
            "the letters with a '-' between them, which isn't 'odd'",
            "x = '--'\n",
            ("'odd' is stated and not in it",),
        ),
        ('says "yes" for `list7`, of 2.5 and the 3rd of utf8', "x = 'yes, please'\n", ()),
        (
            "adds",
            "def g():\n    return 1\n\n\ndef f(n, m, _):\n    return n\n",
            ("nothing calls g", "m is not used"),
        ),
        ("adds", "def g(n):\n    return n\n\n\ndef f(n):\n    return list(map(g, n))\n", ()),
        ("doubles it. For example, 7 gives 14", "def f(n):\n    return n + n\n", ()),
        ("whether `n` is above 10,000", "def f(n):\n    return n > 10000\n", ()),
        ("whether `n` is above 10,000", "def f(n):\n    return n > 10\n", ("10000 is stated and not in it",)),
        (r"joins them by '\n'", "def f(xs):\n    return '\\n'.join(xs)\n", ()),
        ("with '' between them and 'z' behind, texts like 'key: value'", "x = 'z'\n", ()),
        ("with 3 digits", "def f(x):\n    return f'{x:.3f}'\n", ()),
    ],
)
def test_what_speaks_against_a_program(said: str, source: str, against: tuple[str, ...]) -> None:
    assert doubts(source, asked(said)) == against


def test_programs_of_the_corpus_are_hardly_doubted() -> None:
    tasks = islice(generate(seed=12), 600)
    found = [doubt for task in tasks for doubt in doubts(task.source, asked(task.description))]
    assert len(found) <= 6
    assert all(doubt.endswith("is stated and not in it") for doubt in found)


def test_only_python_is_looked_through() -> None:
    assert doubts("function f() {}", asked("adds 5", language="javascript")) == ()


def test_what_is_doubted_is_a_last_resort(fence: ProcessSandbox) -> None:
    request = asked("'small' when `n` divided by 5 is below 1, else 'large'", ["f(3) == 'small'"])
    plan = Coder(Scribe(TEN), fence, count=1, rounds=1, memory=Remembers()).plan(request)
    assert plan.chosen.value.source == FIVE
    assert len(plan.considered) == 2
    alone = Coder(Scribe(TEN), fence, count=1, rounds=1).plan(request)
    assert alone.chosen.value.source == TEN
    assert alone.chosen.verdict.evidence["doubts"] == ["5 is stated and not in it"]


def test_a_draft_that_passes_is_kept_without_doubts(fence: ProcessSandbox) -> None:
    request = asked("'small' when `n` divided by 5 is below 1, else 'large'", ["f(3) == 'small'"], draft=TEN)
    assert Coder(Scribe(FIVE), fence, count=1, rounds=1).plan(request).chosen.value.source == TEN
