"""Schemas tell what a value may be, and text becomes what only that may be."""

import pytest
from agentic_diffusion.planning.domains.toolplan.schemas import Shape, cast, defs_of, fits, shape

DEFS = {
    "Day": {"type": "string", "format": "date"},
    "Size": {"enum": [1, 2, 3], "type": "integer"},
    "Round": {"$ref": "#/$defs/Round"},
}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "integer"}, Shape(("integer",))),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, Shape(("string",), "date")),
        ({"anyOf": [{"$ref": "#/$defs/Day"}, {"type": "null"}]}, Shape(("string",), "date")),
        ({"$ref": "#/$defs/Size"}, Shape(("integer",), "", (1, 2, 3))),
        ({"allOf": [{"$ref": "#/$defs/Size"}], "title": "S"}, Shape(("integer",), "", (1, 2, 3))),
        ({"type": ["number", "null"]}, Shape(("number",))),
        ({"type": ["integer", "string"]}, Shape(("integer", "string"))),
        ({"const": "metre"}, Shape((), "", ("metre",))),
        ({"enum": ["a", None]}, Shape((), "", ("a",))),
        ({"anyOf": [{"type": "integer"}, {}]}, Shape()),
        ({"$ref": "#/$defs/Round"}, Shape()),
        ({"$ref": "#/$defs/Gone"}, Shape()),
        (True, Shape()),
    ],
)
def test_references_and_unions_are_resolved(schema, told) -> None:
    assert shape(schema, DEFS) == told


def test_what_references_name() -> None:
    assert defs_of({"$defs": {"A": 1}, "definitions": {"B": 2}}) == {"A": 1, "B": 2}
    assert defs_of({"properties": {}}) == {}
    assert (Shape(("string",)).kind, Shape(("a", "b")).kind, Shape().kind) == ("string", "any", "any")


@pytest.mark.parametrize(
    ("value", "to", "made"),
    [
        ("3", Shape(("integer",)), 3),
        ("3.0", Shape(("integer",)), 3),
        ("3.5", Shape(("integer",)), "3.5"),
        ("3", Shape(("number",)), 3),
        ("1e400", Shape(("number",)), "1e400"),
        ("A17", Shape(("integer",)), "A17"),
        ("True", Shape(("boolean",)), True),
        ("true", Shape(("integer",)), "true"),
        ("3", Shape(("integer", "string")), "3"),
        ("3", Shape(), "3"),
        ("[1, 2]", Shape(("array",)), [1, 2]),
        ("[1, 2]", Shape(("object",)), "[1, 2]"),
        (3.0, Shape(("integer",)), 3),
        (17, Shape(("string",)), "17"),
        (True, Shape(("string",)), True),
        ("2", Shape(("integer",), "", (1, 2)), 2),
        ("METRE", Shape(("string",), "", ("metre", "foot")), "metre"),
        ("mile", Shape(("string",), "", ("metre", "foot")), "mile"),
    ],
)
def test_text_becomes_what_only_that_may_be(value, to, made) -> None:
    told = cast(value, to)
    assert (told, type(told)) == (made, type(made))


def test_what_fits() -> None:
    assert fits(3, Shape(("number",)))
    assert fits(True, Shape(("integer",)))
    assert fits(1, Shape(("boolean",)))
    assert fits(None, Shape(("string",)))
    assert fits("x", Shape())
    assert fits(2, Shape(("integer",), "", (1, 2)))
    assert not fits("three", Shape(("integer",)))
    assert not fits(2.5, Shape(("integer",)))
    assert not fits(3, Shape(("integer",), "", (1, 2)))
    assert not fits({"a": 1}, Shape(("array",)))
