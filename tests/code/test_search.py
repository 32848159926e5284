"""A search keeps what came of each attempt, and never gives the same failure twice."""

import math

import pytest
from agentic_diffusion.planning.budget import Budget, Clock
from agentic_diffusion_code.domain import asked, keeps
from agentic_diffusion_code.grammar import trouble
from agentic_diffusion_code.room import Room
from agentic_diffusion_code.search import UNKEPT, Attempt, Search, examine
from agentic_diffusion_code.spoken import Spoken

ROOM = Room(None, memory_bytes=None, at_once=1)


def search() -> Search:
    return Search(asked("doubles"), None, Clock(Budget()), 8, ROOM)


def test_the_parser_comes_first() -> None:
    assert examine("", search(), parses=trouble, lints=True).trouble == "it is empty"
    torn = examine("def f(:", search(), parses=trouble, lints=True)
    assert torn.trouble is not None
    assert torn.score == 0
    fine = examine("import os\n", search(), parses=trouble, lints=True)
    assert fine.passed
    assert [each.code for each in fine.findings] == ["F401"]


def test_the_best_attempt_has_fewest_findings() -> None:
    now = search()
    for source in ("import os\n", "x = 1\n"):
        now.attempts[source] = examine(source, now, parses=trouble, lints=True)
    best = now.best()
    assert best is not None
    assert best.source == "x = 1\n"
    assert now.evidence(best)["tests"] == 0
    assert now.fault() is None


def test_a_request_is_unfamiliar_where_the_model_is_unsure() -> None:
    now = search()
    assert now.unfamiliar(0.5) == 0.5
    now.attempts["a"] = Attempt("a", "a", mean=math.exp(-0.5))
    assert now.unfamiliar(0.5) == pytest.approx(2.0)
    assert now.unfamiliar(3.0) == 3.0
    now.attempts["b"] = Attempt("b", "b", mean=1.0)
    assert now.unfamiliar(0.5) == 0.5


def test_a_failure_is_given_once() -> None:
    now = search()
    for name in ("a", "b"):
        now.attempts[name] = Attempt(name, name, trouble="line 1: torn")
    assert now.fault() is not None
    assert now.fault() is None
    assert now.stuck
    assert now.best() is None
    assert now.reasons()["reasons"] == [
        "2 of 2 programs do not parse",
        "the same failures came again after repair",
    ]


def test_a_signature_is_kept_whatever_its_spaces() -> None:
    request = asked("adds", signature="def add(a, b):")
    assert keeps("def add( a,b ):\n    return a + b\n", request)
    assert not keeps("def add(a, c):\n    return a + c\n", request)
    now = Search(request, None, Clock(Budget()), 8, ROOM)
    refused = examine("def add(a):\n    return a\n", now, parses=trouble, lints=False)
    assert refused.trouble == "it does not keep the signature that was given"


def test_reasons_tell_what_was_wrong_apart() -> None:
    now = search()
    now.request = asked("adds", signature="def add(sum):")
    for source, wrong, checker in (
        ("a", "line 1: invalid", ""),
        ("b", UNKEPT, ""),
        ("c", UNKEPT, ""),
        ("d", "a type is wrong", "tsc"),
    ):
        now.attempts[source] = Attempt(source, source, trouble=wrong, checker=checker)
    now.attempts["e"] = Attempt("e", "e")
    now.attempts["f"] = Attempt("f", "f", chance=0.2)
    assert now.reasons()["reasons"] == [
        "1 of 6 programs do not parse",
        "1 of 6 programs are refused by the tools of python",
        "2 of 6 programs do not declare it as asked: def add(sum):",
        "there are no tests, and the chance to be right is too small",
        "there are no tests, and nobody can tell the chance to be right",
    ]


def test_reasons_of_another_language_are_few() -> None:
    now = search()
    now.spoken = Spoken(asked("doubles", language="go"), now.request)
    for number in range(5):
        now.attempts[str(number)] = Attempt(str(number), "", unsaid=f"reason {number}")
    reasons = now.reasons()["reasons"]
    assert reasons == [
        "5 programs hold in python and not in go",
        *(f"go: reason {number}" for number in range(3)),
        "go: 2 more reasons",
    ]
