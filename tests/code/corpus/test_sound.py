"""Only what means the same in every language is read: what the corpus itself never holds is refused."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate, ir
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.understand import understand


def test_every_program_of_the_corpus_is_sound() -> None:
    for task in islice(generate(seed=43, split="composition", depths=(1, 2, 3, 3)), 60):
        assert understand(task.source).functions


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("if n > 0:\n        m = 1\n    else:\n        m = 2\n    return m", "m is read"),
        ("for i in range(n):\n        m = i\n    return m", "m is read"),
        ("for i in range(n):\n        n = n - 1\n    return n", "a loop"),
        ("for i in range(n):\n        i += 1\n    return n", "a loop"),
        ("for n in range(3):\n        n = 1\n    return n", "other values"),
        ("ys = list(xs)\n    ys.append(n)\n    return sum(ys)", "another name"),
        ("ys = xs\n    ys.append(n)\n    return sum(ys)", "another name"),
        ("xs.append(n)\n    return n", "another name"),
        ("zs.append(n)\n    return n", "zs"),
        ("return sum(xs[-2:])", "from the end"),
        ("return len(s[:-n])", "from the end"),
        ("return xs[-2]", "from the end"),
        ("return sum(xs[::-2])", "from the end"),
        ("return max(n, 1, 2)", "max of"),
        ("return len(s.replace('a', 'b', 1))", "replace of"),
        ("return sum(range(0, n, 2))", "range of"),
        ("return sum(xs, 5)", "sum of"),
        ("return s", "is answered"),
        ("return n * s", "mul of"),
        ("return len(str(n > 1))", "str of"),
        ("return len(str(n / 2))", "str of"),
        ("return 1 if xs < xs else 2", "lt of"),
        ("return n if n > 1 else s", "two types"),
        ("return len(s.strip('x'))", "strip of"),
    ],
)
def test_what_languages_would_say_differently_is_refused(body: str, why: str) -> None:
    with pytest.raises(UnsayableError, match=why):
        understand(f"def f(n: int, s: str, xs: list[int]) -> int:\n    {body}\n")


def test_helpers_are_given_what_they_take() -> None:
    helper = "def g(n: int) -> int:\n    return n + 1\n"
    assert understand(f"{helper}def f(n: int) -> int:\n    return g(n)\n").entry.name == "f"
    for given in ("'a'", "n, n", ""):
        with pytest.raises(UnsayableError, match="cannot be read"):
            understand(f"{helper}def f(n: int) -> int:\n    return g({given})\n")


def test_a_name_is_declared_in_each_block_that_has_it() -> None:
    blocks = "".join(f"    for {i} in range(n):\n        m = {i}\n        total += m\n" for i in "ij")
    program = understand(f"def f(n: int) -> int:\n    total = 0\n{blocks}    return total\n")
    for loop in program.entry.body[1:3]:
        assert isinstance(loop, ir.For)
        assert isinstance(loop.body[0], ir.Let)
        assert isinstance(loop.body[1], ir.Set)
