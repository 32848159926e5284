"""A memory as lines of JSON: for copies, for other programs, and for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from agentic_diffusion.errors import StoreError
from agentic_diffusion.records import Outcome
from agentic_diffusion.store import write_atomically
from pydantic import ValidationError

from agentic_diffusion_evolve.memory import Memory

Q = TypeVar("Q")
V = TypeVar("V")


def export_lines(memory: Iterable[Outcome[Q, V]], path: Path) -> int:
    """Write all outcomes to a file, one JSON object a line; returns how many.

    The file has its old content or all of the new.
    """
    lines = [outcome.model_dump_json().encode() + b"\n" for outcome in memory]
    write_atomically(path, b"".join(lines))
    return len(lines)


def import_lines(memory: Memory[Q, V], path: Path, kind: type[Outcome[Q, V]]) -> int:
    """Add the outcomes of a file that `export_lines` wrote, all or none; returns how many were new.

    Args:
        memory: Where to add them.
        path: The file.
        kind: The exact type, such as `Outcome[Reach, Trajectory]`.

    Raises:
        StoreError: The file is missing or a line is not such an outcome; nothing was added.
    """
    outcomes, number = [], 0
    try:
        with path.open("rb") as file:
            for line in file:
                number += 1
                if line.strip():
                    outcomes.append(kind.model_validate_json(line))
    except ValidationError as error:
        raise StoreError(
            f"{path.name}, line {number}: {error.errors()[0]['msg']}",
            "one outcome as JSON on each line",
            "Export the memory again or remove the line; nothing was added.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"{path.name}: {error.strerror}", "a file that can be read", "Check the path."
        ) from error
    return memory.add_many(outcomes)
