"""Types are joined, written, and compared; what nobody knows is never refused."""

import ast

import pytest
from agentic_diffusion_code.typed.shapes import (
    FLOAT,
    INT,
    NONE,
    NOTHING,
    STR,
    Type,
    certain,
    declared,
    fits,
    join,
    of_value,
    one,
    samples,
    written,
)


def said(text: str, *, given: bool = False) -> Type:
    return declared(ast.parse(text, mode="eval").body, given=given)


@pytest.mark.parametrize(
    "text",
    [
        "int",
        "str | None",
        "list[int]",
        "dict[str, list[float]]",
        "tuple[int, str]",
        "tuple[int, ...]",
        "set[bool]",
    ],
)
def test_annotations_are_written_as_they_were_read(text: str) -> None:
    assert written(said(text)) == text


def test_other_spellings_mean_the_same() -> None:
    assert said("Optional[int]") == said("Union[int, None]") == said("int | None") == said("'int | None'")
    assert said("typing.List[int]") == said("List[int]") == said("list[int]")
    assert said("Sequence[int]") is None
    assert said("numpy.ndarray") is None
    assert declared(ast.parse("int", mode="eval").body, frozenset({"int"})) is None
    assert said("float", given=True) == join(FLOAT, INT)


def test_containers_of_one_kind_become_one() -> None:
    assert join(one("list", INT), one("list", STR)) == one("list", join(INT, STR))
    assert join(one("list", NOTHING), one("list", STR)) == one("list", STR)
    assert join(INT, None) is None


@pytest.mark.parametrize(
    ("value", "wanted", "fit"),
    [
        (1, "int", True),
        (True, "int", True),
        (1, "float", True),
        (1.5, "int", False),
        ("a", "int", False),
        (None, "int | None", True),
        (None, "int", False),
        ([], "list[str]", True),
        ([1], "list[str]", False),
        ([1, "a"], "list[str]", True),  # some of it fits, and nobody knows which is there
        ({"a": 1}, "dict[str, float]", True),
        ({"a": 1}, "dict[int, int]", False),
        ((1, "a"), "tuple[int, str]", True),
        ((1, "a"), "tuple[str, int]", False),
        ((1, 2), "tuple[int, ...]", True),
        ((1, 2), "list[int]", False),
        (object(), "int", True),
    ],
)
def test_a_value_fits_what_may_hold_it(value: object, wanted: str, fit: bool) -> None:
    assert fits(of_value(value), said(wanted)) is fit


def test_samples_have_the_type_that_they_stand_for() -> None:
    for text in ("int", "list[dict[str, int]]", "tuple[int, str]", "float | None"):
        kind = said(text)
        assert join(*map(of_value, samples(kind))) == kind
        assert certain(kind)
    assert not certain(one("list", None))
    assert of_value(None) == NONE
