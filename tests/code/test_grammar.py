"""Python's own compiler is the gate."""

from agentic_diffusion_code.grammar import python_trouble


def test_what_parses_and_what_does_not() -> None:
    assert python_trouble("def f():\n    return 1\n") is None
    assert python_trouble("def f(:\n") == "line 1: invalid syntax"
    assert "outside function" in str(python_trouble("return 1"))
    assert "null" in str(python_trouble("x = '\0'"))
    assert python_trouble("1 is 1") is None
