"""Requests: what is read from examples, what is refused, and that records survive JSON."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.cases import Case, Raises
from agentic_diffusion_code.domain import CodeRequest, Program, asked, example, refined
from pydantic import ValidationError


@pytest.mark.parametrize(
    ("text", "name", "arguments", "expected"),
    [
        ("f(2) == 4", "f", (2,), 4),
        ("area(2, -3.5) == {'a': [1, (2,)]}", "area", (2, -3.5), {"a": [1, (2,)]}),
        ("g('a') is None", "g", ("a",), None),
        ("h() == set()", "h", (), set()),
        ("f(-1) raises ValueError", "f", (-1,), Raises(type="ValueError")),
    ],
)
def test_examples_are_read(text: str, name: str, arguments: tuple[object, ...], expected: object) -> None:
    assert example(text) == (name, Case(arguments=arguments, expected=expected))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f(2)",
        "f(x) == 1",
        "f(2) == 1 == 2",
        "f(2) > 1",
        "f(a=1) == 2",
        "x.f(1) == 2",
        "f(1) == g(2)",
        "f(" * 500,
    ],
)
def test_other_examples_are_refused(text: str) -> None:
    with pytest.raises(InvalidStateError):
        example(text)


def test_a_request_is_whole_and_survives_json() -> None:
    request = asked("doubles a number", ["f(2) == 4", "f(0) == 0"], checks=["def check(candidate): pass"])
    assert request.entry == "f"
    assert len(request.tests) == 3
    assert request.task().entry == "f"
    assert CodeRequest.model_validate_json(request.model_dump_json()) == request
    program = Program(source="x = 1\n", lines=(0.5,))
    assert Program.model_validate_json(program.model_dump_json()) == program
    assert asked("adds", signature="def add(a, b):").entry == "add"
    assert asked("says").entry is None


@pytest.mark.parametrize(
    "bad",
    [
        lambda: asked("a", ["f(1) == 1", "g(1) == 1"]),
        lambda: asked("a", ["f(1) == 1"], signature="def g(x):"),
        lambda: asked(" "),
        lambda: asked("x" * 9000),
        lambda: asked("hidden \u202e text"),
        lambda: asked("a\x00b"),
        lambda: asked("a", checks=["def check(candidate): pass"]),
        lambda: asked("a", signature="def f(x):" + " " * 2000),
    ],
)
def test_nonsense_is_refused(bad: object) -> None:
    with pytest.raises(InvalidStateError):
        bad()


def test_a_request_without_a_name_has_no_tests() -> None:
    with pytest.raises(ValidationError, match="entry"):
        CodeRequest(description="a", tests=(Case(arguments=(1,), expected=1),))


def test_a_refined_request_keeps_its_tests_and_begins_from_a_program() -> None:
    request = asked("doubles", ["f(2) == 4"])
    more = refined(request, "def f(x):\n    return x\n", ["f(3) == 6", "f(2) == 4"])
    assert [test.arguments for test in more.tests] == [(2,), (3,)]
    assert more.draft.startswith("def f")
    assert more.description == request.description
    assert refined(asked("doubles"), "", ["g(1) == 2"]).entry == "g"
    with pytest.raises(InvalidStateError, match="examples of g"):
        refined(request, "", ["g(3) == 6"])
    with pytest.raises(InvalidStateError):
        refined(request, "x\u202e", ["f(3) == 6"])


def test_examples_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidStateError, match=r"want 4 and 5 of the call with \(2\)"):
        asked("doubles", ["f(2) == 4", "f(2) == 5"])
    with pytest.raises(InvalidStateError, match="a ValueError"):
        asked("doubles", ["f(2) == 4", "f(2) raises ValueError"])
    with pytest.raises(InvalidStateError, match="want 4 and 5"):
        refined(asked("doubles", ["f(2) == 4"]), "x", ["f(2) == 5"])
    assert len(asked("doubles", ["f(2) == 4", "f(2) == 4.0", "f(2.0) == 5"]).tests) == 3
