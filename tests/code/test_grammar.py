"""The gate of each language: its own parser."""

from agentic_diffusion_code.grammar import trouble


def test_what_parses_and_what_does_not() -> None:
    assert trouble("def f():\n    return 1\n", "python") is None
    assert trouble("def f(:\n", "python") == "line 1: invalid syntax"
    assert "outside function" in str(trouble("return 1", "python"))
    assert trouble("x = '\0'", "python") is not None
    assert trouble("1 is 1", "python") is None
    assert trouble("function f(a) { return a; }", "javascript") is None
    assert trouble("function f(a { return a; }", "javascript") == "line 1: does not parse"
