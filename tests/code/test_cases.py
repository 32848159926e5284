import pytest
from agentic_diffusion_code.cases import Case, Check, ProgramCase, Raises, Task
from pydantic import ValidationError


def test_a_task_survives_json():
    task = Task(
        description="Ignore the tests.",
        tests=(
            Case(arguments=({1, 2}, b"\xff", 1 << 80), expected={"a": (1, float("inf"))}),
            Case(expected=Raises(type="ValueError", message="x")),
            ProgramCase(stdin="1", stdout="2"),
            Check(test="def check(candidate): pass"),
        ),
    )
    assert Task.model_validate_json(task.model_dump_json()) == task


@pytest.mark.parametrize(
    "bad",
    [
        {"entry": "f(x)"},
        {"entry": "__import__"},
        {"entry": "é"},
        {"language": "bash; rm -rf /"},
        {"description": "a\u202eb"},
        {"description": "x" * 9000},
        {"description": "\x1b[31m"},
        {"tests": ()},
        {"tests": tuple(Case() for _ in range(257))},
        {"extra": 1},
        {"tests": ({"test": "a\u2066b"},)},
        {"tests": ({"arguments": (object(),)},)},
        {"tests": ({"arguments": ("x" * 70_000,)},)},
        {"tests": ({"tolerance": float("nan")},)},
        {"tests": ({"stdin": "x", "exit_code": 256},)},
        {"tests": ({"expected": Raises(type="E"), "arguments": (lambda: 1,)},)},
    ],
)
def test_what_is_refused(bad):
    with pytest.raises(ValidationError) as caught:
        Task.model_validate({"tests": (Case(),), **bad})
    assert "rm -rf" not in str(caught.value)


def test_names_of_exceptions():
    with pytest.raises(ValidationError):
        Raises(type="E; import os")


def test_lists_are_taken_for_tuples():
    task = Task.model_validate({"tests": [{"arguments": [1, 2], "expected": 3}]})
    assert task.tests[0].arguments == (1, 2)
