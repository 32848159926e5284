"""JSON schemas of arguments: what a value may be, with references and unions resolved, and text cast to it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from pydantic import JsonValue

DEEP = 8
"""References and unions inside each other that are followed."""


@final
@dataclass(frozen=True)
class Shape:
    """What a value may be.

    Args:
        kinds: The JSON types it may have, null left out; empty where any will do.
        format: The format of a text, such as `date`; empty where there is none.
        choices: The values it may have; None where they are not counted out.
    """

    kinds: tuple[str, ...] = ()
    format: str = ""
    choices: tuple[JsonValue, ...] | None = None

    @property
    def kind(self) -> str:
        """The type, where there is only one; `any` where it is open."""
        return self.kinds[0] if len(self.kinds) == 1 else "any"


def shape(schema: object, defs: Mapping[str, Any]) -> Shape:
    """Return what a value of this schema may be.

    Args:
        schema: The schema of one argument; anything but an object allows everything.
        defs: What references of the form `#/$defs/NAME` name.
    """
    parts = list(_parts(schema, defs, DEEP))
    kinds = [kind for part in parts for kind in _kinds(part)]
    if any(not _kinds(part) for part in parts):
        kinds = []  # one of the parts allows everything
    formats = dict.fromkeys(str(part["format"]) for part in parts if "format" in part)
    listed = [_choices(part) for part in parts]
    choices = None
    if listed and all(told is not None for told in listed):
        choices = tuple(value for told in listed for value in told or () if value is not None)
    return Shape(tuple(dict.fromkeys(kinds)), next(iter(formats), "") if len(formats) == 1 else "", choices)


def defs_of(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what references in the schema of all arguments of a tool name."""
    found = [arguments.get(key) for key in ("$defs", "definitions")]
    return {name: told for defs in found if isinstance(defs, Mapping) for name, told in defs.items()}


def cast(value: Any, to: Shape) -> Any:
    """Return the value as what it may be: text as a number where only a number will do, and the like.

    What is already right, or cannot be cast without loss, comes back as it is.
    """
    if to.choices is not None and value not in to.choices:
        named = [choice for choice in to.choices if isinstance(value, str) and _same(choice, value)]
        return named[0] if len(named) == 1 else value
    if not to.kinds:
        return value
    if isinstance(value, str) and "string" not in to.kinds:
        return _read(value, to.kinds)
    if isinstance(value, float) and value.is_integer() and "number" not in to.kinds and "integer" in to.kinds:
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and to.kinds == ("string",):
        return json.dumps(value)
    return value


def fits(value: Any, to: Shape) -> bool:
    """Whether a value is what it may be; null always is, and a truth value and a number pass for each other."""
    if value is None:
        return True
    if to.choices is not None:
        return value in to.choices
    kinds = {*to.kinds, *(("number",) if "boolean" in to.kinds else ())}
    return not kinds or bool(kinds & _types(value))


def _parts(schema: object, defs: Mapping[str, Any], deep: int) -> Iterator[Mapping[str, Any]]:
    """Yield the alternatives of a schema that are not null."""
    told: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    reference = told.get("$ref")
    if isinstance(reference, str) and deep:
        yield from _parts(defs.get(reference.rpartition("/")[2]), defs, deep - 1)
        return
    for word in ("anyOf", "oneOf", "allOf"):
        some = told.get(word)
        several = word != "allOf"  # all of one is that one
        if isinstance(some, list | tuple) and deep and (several or len(some) == 1):
            for each in some:
                yield from _parts(each, defs, deep - 1)
            return
    if told.get("type") != "null":
        yield told


def _kinds(part: Mapping[str, Any]) -> list[str]:
    told = part.get("type")
    kinds = [told] if isinstance(told, str) else told if isinstance(told, list | tuple) else []
    return [str(kind) for kind in kinds if kind != "null"]


def _choices(part: Mapping[str, Any]) -> tuple[JsonValue, ...] | None:
    if "const" in part:
        return (part["const"],)
    told = part.get("enum")
    return tuple(told) if isinstance(told, Sequence) and not isinstance(told, str) else None


def _same(choice: JsonValue, text: str) -> bool:
    said = choice if isinstance(choice, str) else json.dumps(choice)
    return said.casefold() == text.strip().casefold()


def _read(text: str, kinds: Sequence[str]) -> Any:
    """Return what JSON the text is, where that is of one of these types."""
    said = text.strip()
    try:
        value = json.loads(said.lower() if said.lower() in ("true", "false") else said)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    if isinstance(value, bool):
        return value if "boolean" in kinds else text
    if isinstance(value, float) and value.is_integer() and "number" not in kinds:
        value = int(value)
    return value if _types(value) & set(kinds) else text


def _types(value: Any) -> set[str]:
    """Return the JSON types of a value: a whole number is a number too."""
    match value:
        case bool():
            return {"boolean", "number", "integer"}
        case int():
            return {"integer", "number"}
        case float():
            return {"number"}
        case str():
            return {"string"}
        case Mapping():
            return {"object"}
        case list() | tuple():
            return {"array"}
    return {"null"}
