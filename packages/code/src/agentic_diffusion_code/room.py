"""What a coder does when memory is short: fewer programs at once, then the host, then the end or an error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import is_dataclass, replace
from typing import Any, TypeVar, final

from agentic_diffusion.compute import Compute, MemoryWatch, bounded, is_out_of_memory
from agentic_diffusion.errors import BudgetError
from agentic_diffusion.records import MemoryUse

from .domain import CodeRequest
from .model.reading import Moves, Placed
from .writes import Heeded, Sketch, Sureness, Writes, closely

T = TypeVar("T")

log = logging.getLogger(__name__)


@final
class Room:
    """What memory one search has, and what was done for want of it.

    Args:
        writer: Writes the programs; moved to the host where the device has no room for one.
        memory_bytes: The most bytes of one step of the writer, counted as `bytes_needed` counts; None is no bound.
        at_once: Programs that are written together; fewer where memory is short.
    """

    def __init__(self, writer: Writes, *, memory_bytes: int | None, at_once: int) -> None:
        self.writer = writer
        self.memory_bytes = memory_bytes
        self.most = at_once
        self.at_once = at_once
        self.notes: list[str] = []
        self._watch = MemoryWatch(self.compute.where)

    @property
    def compute(self) -> Compute:
        """Where and how the writer's network computes; the processor where nobody can tell."""
        model = getattr(self.writer, "model", None)
        return model.placed if isinstance(model, Placed) else Compute("cpu")

    def steps(self, sketches: Iterable[Sketch]) -> Iterator[Sketch]:
        """Yield sketches; none may take more memory than was granted.

        Raises:
            MemoryError: One does.
        """
        written = iter(sketches)
        while True:
            with bounded(self.memory_bytes):
                sketch = next(written, None)
            if sketch is None:
                return
            yield sketch

    def sure(self, request: CodeRequest, source: str) -> Sureness | None:
        """Return what the writer thinks of a program; None where it cannot tell, or memory has no room for it."""
        return self._asked(lambda: self.writer.sure(request, source))

    def heeded(self, request: CodeRequest, source: str, *, wanted: bool) -> Heeded:
        """Return how much a program depends on the words of its description, if that is wanted and can be told."""
        return self._asked(lambda: closely(self.writer, request, source, wanted=wanted)) or Heeded((), 0)

    def _asked(self, ask: Callable[[], T | None]) -> T | None:
        try:
            with bounded(self.memory_bytes):
                return ask()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        self._note(
            "out of memory: no opinion of a program", "out of memory: a program is left without opinion"
        )
        return None

    def halve(self, error: BaseException) -> None:
        """Write half as many programs at once from now on; any other error, and one of one program, is raised again."""
        if not is_out_of_memory(error) or self.at_once == 1:
            raise error
        self.at_once //= 2
        self._note(
            f"out of memory: {self.at_once} programs at once",
            f"out of memory: going on with {self.at_once} programs at once",
        )

    def leave(self, error: BaseException, *, anything: bool) -> bool:
        """Go on on the host where the device has no room for one program.

        Args:
            error: What came of one program.
            anything: Whether there are programs to return already.

        Returns:
            Whether there is somewhere to go on.

        Raises:
            BudgetError: There is not, and there is nothing to return either.
        """
        if not is_out_of_memory(error):
            raise error
        writer: Any = self.writer
        model, spare, here = getattr(writer, "model", None), self.compute.spare, self.compute.where
        if spare is not None and isinstance(model, Moves) and is_dataclass(writer):
            moved: Any = replace(writer, model=model.on(spare))  # type: ignore[type-var]
            self.writer = moved
            self.at_once, self.memory_bytes = self.most, None
            self._note(
                f"out of memory on {here}: went on on {spare.where}",
                f"out of memory on {here}: going on on {spare.where}",
            )
            return True
        if anything:
            return False
        granted = "" if self.memory_bytes is None else f" (memory_bytes={self.memory_bytes})"
        raise BudgetError(
            f"out of memory with one program{granted}: {error}",
            "room for at least one",
            "Grant more memory, free some, or use a smaller network.",
        ) from error

    def peak(self) -> MemoryUse:
        """Return the most memory that was in use until now."""
        peak = self._watch.peak()
        return MemoryUse(host=peak.host, grew=peak.grew, device=peak.device)

    def _note(self, note: str, line: str) -> None:
        log.warning(line)
        with suppress(ValueError):
            self.notes.remove(note)
        self.notes.append(note)
