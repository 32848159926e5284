"""The primitives: read from the tables beside this file, checked, and made typed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from agentic_diffusion.errors import ContractError, InvalidConfigError

from agentic_diffusion_code.corpus.inputs import DOMAINS
from agentic_diffusion_code.corpus.pieces import Constant, Prim
from agentic_diffusion_code.corpus.split import phrase_is_held

TABLES = (
    "numbers",
    "text_tests",
    "texts",
    "text_parts",
    "lists",
    "number_lists",
    "text_lists",
    "dictionaries",
)
_FIELDS = {"type", "over", "body", "phrases", "constants", "need", "domain"}


@cache
def everything() -> tuple[Prim, ...]:
    """Return every primitive; one that serves several types is there once for each."""
    return tuple(prim for table in TABLES for prim in read_table(_text(table)))


@cache
def names(table: str = "") -> frozenset[str]:
    """Return the names of the primitives of one table, of all where none is given.

    Raises:
        InvalidConfigError: There is no such table.
    """
    if not table:
        return frozenset(prim.name for prim in everything())
    if table not in TABLES:
        raise InvalidConfigError(f"the table {table!r}", ", ".join(TABLES), "Correct the name.")
    return frozenset(prim.name for prim in read_table(_text(table)))


@cache
def jargon(name: str = "harbour") -> Mapping[str, str]:
    """Return words of which training has none, for some primitives, by name."""
    said: dict[str, str] = tomllib.loads(_text(name))
    return said


def plain_words(name: str) -> str:
    """Return the first phrase of a primitive that training shows."""
    phrases = next(prim.phrases for prim in everything() if prim.name == name)
    count = len(phrases)
    return next(said for index, said in enumerate(phrases) if not phrase_is_held(name, index, count))


def _text(table: str) -> str:
    return files("agentic_diffusion_code.corpus").joinpath("tables", f"{table}.toml").read_text("utf-8")


def read_table(text: str) -> Iterator[Prim]:
    """Yield the primitives of one table, written in TOML.

    Raises:
        ContractError: When an entry has an unknown field, input or constant.
    """
    for name, entry in tomllib.loads(text).items():
        if not set(entry) <= _FIELDS or entry.get("domain", "") not in {"", *DOMAINS}:
            raise ContractError(
                f"the entry {name}: {sorted(entry)}", f"some of {sorted(_FIELDS)}", "Correct it."
            )
        for kind in entry.get("over", ["T"]):
            yield _prim(name, entry, kind)


def _prim(name: str, entry: Mapping[str, Any], kind: str) -> Prim:
    source, _, target = entry["type"].partition(" -> ")
    constants = entry.get("constants", {})
    return Prim(
        name,
        source.replace("T", kind),
        target.replace("T", kind),
        entry["body"],
        tuple(entry["phrases"]),
        tuple(
            Constant(each, type(choices[0]).__name__, tuple(choices)) for each, choices in constants.items()
        ),
        entry.get("need", ""),
        entry.get("domain", ""),
    )
