"""Programs whose types cannot fit are found, and right ones never."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.typed import misfits, said


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("def f(a: str) -> int:\n    return a\n", 2, "returns str where int is declared"),
        ("def f(a: str) -> str:\n    return a - 1\n", 2, "`a - 1`: str and int do not go together"),
        ("def f(a: list[int]) -> str:\n    return a.upper()\n", 2, "list[int] has no `upper`"),
        (
            "def f(a: int) -> list[int]:\n    return [x for x in a]\n",
            2,
            "`a`, int, holds nothing to go through",
        ),
        ("def f(a: int) -> int:\n    return a[0]\n", 2, "`a[0]` is impossible for int and int"),
        ("def f(a: list[str]) -> int:\n    return sum(a)\n", 2, "`sum(a)` is impossible for list[str]"),
        ("def f(a: list[int]) -> int:\n    return a(1)\n", 2, "`a`, list[int], is no function"),
        ("def f(a: list[int]) -> int:\n    max(a)\n", 1, "returns nothing where int is declared"),
        (
            "def g(a: int) -> int:\n    return a\ndef f(a: str) -> int:\n    return g(a)\n",
            4,
            "`g(a)` is given str where int is declared",
        ),
        (
            "def f(a: list[str]) -> list[int]:\n    out = []\n    for x in a:\n        out.append(x)\n    return out\n",
            5,
            "returns list[str] where list[int] is declared",
        ),
        (
            "def f(a: list[str]) -> int:\n    seen: list[int] = []\n    seen.append(a[0])\n    return len(seen)\n",
            3,
            "list[str] is put into seen, which is declared as list[int]",
        ),
        (
            "def f(a: list[int]) -> list[int]:\n    return sorted(a, key=lambda n: n.lower())\n",
            2,
            "int has no `lower`",
        ),
    ],
)
def test_what_cannot_fit_is_found(source: str, line: int, message: str) -> None:
    (found,) = misfits(source)
    assert (found.line, found.message) == (line, message)
    assert said([found]) == f"line {line}: {message}"


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: int) -> str:\n    a = str(a)\n    return a[0]\n",
        "def f(a: str) -> tuple[int, int, int]:\n    return tuple(map(int, a.split('.')))\n",
        "def f(a: int, b: int) -> tuple[int, ...]:\n    return tuple(sorted((a, b, 3)))\n",
        "def f(a: int) -> tuple[int, int]:\n    return (a,) * 2\n",
        "def f(a: int) -> str:\n    if isinstance(a, str):\n        return a.upper()\n    return ''\n",
        "def f(a: int | None) -> int:\n    return a + 1\n",
        "def f(a: int = None) -> int:\n    return 0 if a is None else a\n",
        "def f(a: str) -> int:\n    try:\n        return a - 1\n    except TypeError:\n        return 0\n",
        "def f(a: list[int]) -> float:\n    return sum(a) // 2\n",
        "def f(a: str):\n    return a\n",
        "def f(a: list[int]):\n    yield a\n",
        "def f(a: list[int]) -> list[int]:\n    rows = {}\n    rows.setdefault(1, []).append(2)\n    return rows[1]\n",
        "def f(a: dict[str, int]) -> int:\n    return len(a.keys()) + len(range(3))\n",
        "int = str\ndef f(a: int) -> int:\n    return a.upper()\n",
        "class A:\n    def f(self, a: 'A') -> int:\n        return a.b\n",
        "def f(a: float) -> list[int]:\n    return list(range(a))\n",
        "def f(a: list[str]) -> str:\n    def g(x):\n        nonlocal a\n        a = 3\n    return a - 1\n",
        "def f(: int",
    ],
)
def test_what_is_in_doubt_is_left_alone(source: str) -> None:
    assert misfits(source) == ()


def test_right_programs_of_the_corpus_fit() -> None:
    for split in ("valid", "composition"):
        tasks = islice(generate(seed=3, languages=("python",), split=split, depths=(1, 2, 3, 3)), 60)
        assert [task.source for task in tasks if misfits(task.source)] == []
