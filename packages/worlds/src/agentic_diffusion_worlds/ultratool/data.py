"""Reads UltraTool: tools, links, and requests with the chains of tools that answer them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.lesson import Phrase
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest, chain
from agentic_diffusion.records import ToolSpec

Example: TypeAlias = tuple[ToolRequest, ToolPlan]
T = TypeVar("T")

CALL = re.compile(r"\s*step\s*\d+[:.]?\s*call\s+(?:the\s+)?(?P<tool>\w+)\s*(?:to\b|and\b|for\b)?\s*", re.I)
"""How a step of a plan in words begins."""

TRAIN, GRAPH, TOOLS = "ultratool-train.jsonl", "ultratool-graph.json", "ultratool-tools.json"
VALIDATION = 500
"""Requests that are kept aside where there is no test file; always the same ones."""


@final
@dataclass(frozen=True)
class UltraTool:
    """The data of one measurement.

    Args:
        tools: The tools.
        links: Pairs of tools that may stand next to each other.
        train: Examples to learn from.
        test: Examples to be measured on, never learned from.
        phrases: For each training example the texts that tell of one call each, with the tool; none for the test.
    """

    tools: tuple[ToolSpec, ...]
    links: tuple[tuple[str, str], ...]
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    phrases: tuple[tuple[Phrase, ...], ...] = ()


def load(folder: Path, *, test: Path | None = None) -> UltraTool:
    """Read the folder; without a test file 500 of the training rows are kept aside.

    Args:
        folder: Holds the training rows (.jsonl or .jsonl.gz), the graph and the tools.
        test: Rows to be measured on.

    Raises:
        InvalidConfigError: A file is missing, or is not what it should be.
    """
    nodes = _json(folder / TOOLS)["nodes"]
    links = tuple((link["source"], link["target"]) for link in _json(folder / GRAPH)["links"])
    twice = {one for one, two in links if one == two}
    tools = tuple(
        ToolSpec(name=node["id"], description=printable(node["desc"]), repeats=node["id"] in twice)
        for node in nodes
    )
    packed = folder / f"{TRAIN}.gz"
    both = _lines(packed if packed.is_file() else folder / TRAIN, lambda row: (_example(row), _phrases(row)))
    rows, told = [row for row, _ in both], [phrases for _, phrases in both]
    if test is not None:
        return UltraTool(tools, links, tuple(rows), tuple(read_rows(test)), tuple(told))
    order = np.random.RandomState(0).permutation(len(rows))
    kept = min(VALIDATION, len(rows) // 5)
    aside = tuple(rows[index] for index in order[:kept])
    left = order[kept:].tolist()
    train, phrases = tuple(rows[index] for index in left), tuple(told[index] for index in left)
    return UltraTool(tools, links, train, aside, phrases)


def read_rows(path: Path) -> Sequence[Example]:
    """Return the requests of a file of JSON lines, with their plans.

    Raises:
        InvalidConfigError: The file is missing, or a line is not such an example.
    """
    return _lines(path, _example)


def _lines(path: Path, make: Callable[[Any], T]) -> list[T]:
    """Return what is made of each line of a file of JSON lines."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            return [make(json.loads(line)) for line in file if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(path, error) from error


def _example(row: Any) -> Example:
    tools = (node["task"] for node in row["task_nodes"])
    return ToolRequest(goal=printable(row["user_request"])), chain(*tools)


def _phrases(row: Any) -> tuple[Phrase, ...]:
    """Return the steps of a row in words, without their number and the name of the tool, each with its tool."""
    found = (CALL.match(step) for step in row.get("task_steps", ()))
    tools = {node["task"] for node in row["task_nodes"]}
    return tuple(
        (printable(call.string[call.end() :]), call["tool"])
        for call in found
        if call and call["tool"] in tools
    )


def printable(text: str) -> str:
    """Return the text without what cannot be printed, and without margins."""
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n").strip()


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(path, error) from error
    if not isinstance(told, dict):
        raise _refused(path, TypeError("a list"))
    return told


def _refused(path: Path, error: Exception) -> InvalidConfigError:
    return InvalidConfigError(
        f"{path.name}: {type(error).__name__}",
        f"{TRAIN}.gz, {GRAPH} and {TOOLS} as GNN4TaskPlan has them, and a test file of the same lines",
        "Put the files into one folder and pass it as --data.",
    )
