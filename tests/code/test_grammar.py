"""The gate of each language: its own parser."""

from agentic_diffusion.planning.budget import Budget, Clock
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.grammar import native, trouble
from agentic_diffusion_code.room import Room
from agentic_diffusion_code.sandbox.base import Execution
from agentic_diffusion_code.search import Search, examine


def test_what_parses_and_what_does_not() -> None:
    assert trouble("def f():\n    return 1\n", "python") is None
    assert trouble("def f(:\n", "python") == "line 1: invalid syntax"
    assert "outside function" in str(trouble("return 1", "python"))
    assert trouble("x = '\0'", "python") is not None
    assert trouble("1 is 1", "python") is None
    assert trouble("function f(a) { return a; }", "javascript") is None
    assert trouble("function f(a { return a; }", "javascript") == "line 1: does not parse"


ROOM = Room(None, memory_bytes=None, at_once=1)


class Tools:
    """Tools of a language that find fault with one word."""

    def compiles(self, source: str, *, language: str = "go") -> Execution:
        bad = "undefined" in source
        return Execution(status="error" if bad else "ok", stderr="line 1: unknown name\nmore" if bad else "")


def test_own_tools_look_at_what_nobody_runs() -> None:
    good, bad = (
        "package main\nfunc f() int { return 1 }\n",
        "package main\nfunc f() int { return undefined }\n",
    )
    assert native(good, "go", Tools()) == (None, "native")
    assert native(bad, "go", Tools()) == ("line 1: unknown name", "native")
    assert native(bad, "go", None) == (None, "tree-sitter")
    request = asked("gives one", language="go")
    for sandbox, checker in ((Tools(), "native"), (None, "tree-sitter")):
        search = Search(request, sandbox, Clock(Budget()), 8, ROOM)
        attempt = examine(good, search, parses=trouble, lints=False)
        assert attempt.passed
        assert search.evidence(attempt)["checker"] == checker
    refused = examine(bad, Search(request, Tools(), Clock(Budget()), 8, ROOM), parses=trouble, lints=False)
    assert not refused.passed
    assert refused.trouble == "line 1: unknown name"
