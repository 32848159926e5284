"""Proposals on disk: what a round was going to try, so that it tries the same when it is taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.errors import StoreError
from agentic_diffusion.store import write_atomically
from pydantic import TypeAdapter, ValidationError

Q = TypeVar("Q")


@final
@dataclass(frozen=True)
class Written(Generic[Q]):
    """Proposals that are written down before they are tried, so that a resumed round has the same tasks come what may.

    Needed where outcomes are forgotten (eviction) or told from elsewhere while a round runs.

    Args:
        tasks: Proposes.
        path: A file of JSON lines, one a round.
        kind: The type of the tasks, such as `Reach`.
    """

    tasks: Callable[[int], Sequence[Q]]
    path: Path
    kind: Any

    def __call__(self, number: int, *, count: int | None = None) -> Sequence[Q]:
        """Return the tasks of a round, from the file where they stand there.

        Raises:
            StoreError: The file is damaged, or holds tasks of another kind.
        """
        adapter: TypeAdapter[list[Q]] = TypeAdapter(list[self.kind])  # type: ignore[name-defined]
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        try:
            for line in lines:
                row = json.loads(line)
                if row["round"] == number:
                    return adapter.validate_python(row["tasks"])[:count]
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise StoreError(
                f"{self.path.name}: {str(error).splitlines()[0]}",
                "proposals that this class wrote, of the kind it was given",
                "Give the right kind, or remove the file to propose anew.",
            ) from error
        tasks = list(self.tasks(number))
        row = {"round": number, "tasks": adapter.dump_python(tasks, mode="json")}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, b"".join(b"%s\n" % line for line in (*lines, json.dumps(row).encode())))
        return tasks[:count]
