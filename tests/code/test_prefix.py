"""Beginnings of programs: none of a right program is refused, one that nothing can save is."""

from itertools import islice

import pytest
import torch
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.prefix import Prefixes, unbound
from agentic_diffusion_code.tokens import Vocabulary

TOKENS = Vocabulary.load()
JUDGE = Prefixes(TOKENS)


def test_no_beginning_of_a_right_program_is_refused() -> None:
    for task in islice(generate(seed=31, split="train"), 20):
        ids = [*TOKENS.encode(task.source, "python"), TOKENS.end]
        refused = [
            TOKENS.decode(ids[:k], "python") for k in range(1, len(ids) + 1) if not JUDGE.viable(ids[:k])
        ]
        assert refused == []


@pytest.mark.parametrize(
    "begun",
    [
        "def f(: : str",
        "def f(a):\n    return a * def g(",
        "def f(a):\n    return [x for x in a if: (",
        "def f(a):\n    piece = a for",
        "def f(a):\n    break.append(",
        "def f(a):\n    return len(a)):",
        "def f(a):\n    b = a\n    return c\n",
        "def f(a):\n    for x in a:\n        if y:\n",
    ],
)
def test_what_nothing_can_save_is_refused(begun: str) -> None:
    ids = TOKENS.encode(begun, "python")
    if not begun.endswith("\n"):
        ids = ids[
            : len(ids) - ids[::-1].index(TOKENS.newline) - 1
        ]  # the stream ends the last line and its blocks
    assert not JUDGE.viable(ids)


def test_a_finished_program_must_compile_and_bind_its_names() -> None:
    rows = ["def f(a):\n    return a\n", "def f(a):\n    return\nreturn 1\n", "def f(a):\n    return b\n"]
    tokens = [[*TOKENS.encode(row, "python"), TOKENS.end] for row in rows]
    longest = max(map(len, tokens))
    padded = torch.tensor([row + [TOKENS.pad] * (longest - len(row)) for row in tokens])
    assert JUDGE(padded).tolist() == [True, False, False]
    padded[2, 3] = TOKENS.mask
    assert JUDGE(padded)[2]


def test_names_are_bound_by_any_scope_around_them() -> None:
    right = "import re\nX = 1\ndef f(a, *b, k=X):\n    def g(c):\n        return [d + a for d in c if re.match(k, d)]\n"
    assert unbound(right + "    return sorted(g(b), key=lambda e: len(e))\n") == set()
    assert unbound(right + "    return h(z)\n") == {"h", "z"}
    assert unbound("def f(:") == set()
