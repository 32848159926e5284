"""Declarations of functions: what is left out is put in, what declares nothing is refused."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.declaring import declaration, whole
from agentic_diffusion_code.domain import asked


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("def add(a, b):", "def add(a, b):"),
        ("def add(a, b)", "def add(a, b):"),
        ("def total(xs: list[int]) -> int", "def total(xs: list[int]) -> int:"),
        ("total(xs: dict[str, int]) -> int:", "def total(xs: dict[str, int]) -> int:"),
        ("add(a, b=2)", "def add(a, b=2):"),
        ("def f(x: dict[str, int] = {'a': 1}) -> int: ...", "def f(x: dict[str, int] = {'a': 1}) -> int:"),
        ("def f(x):\n    pass", "def f(x):"),
        ("def f ( x ) :", "def f ( x ) :"),
        ("", ""),
        ("class Box:", "class Box:"),
    ],
)
def test_a_declaration_is_made_whole(given: str, made: str) -> None:
    assert asked("adds", signature=given).signature == made


def test_what_declares_nothing_is_refused() -> None:
    with pytest.raises(InvalidStateError, match="declares no Python function"):
        asked("adds", signature="def add(a,, b):")
    assert asked("adds", language="javascript", signature="add(a, b) {").signature == "add(a, b) {"
    assert whole("add(a b)") == "add(a b)"


def test_a_declaration_is_found_in_a_program() -> None:
    source = "def f(x): return x\n\n\n@cache\ndef f(\n    x: dict[str, int],\n) -> int:\n    return 1\n"
    found = declaration(source, "f")
    assert found is not None
    assert source[found.start : found.end] == "def f(\n    x: dict[str, int],\n) -> int:"
    assert declaration("def f(x): return x", "g") is None
    assert declaration("def f(x:", "f") is None
