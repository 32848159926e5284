"""A writer that says what it was told to say, for the tools and graphs around the coder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentic_diffusion_code.domain import CodeRequest
from agentic_diffusion_code.writes import Sketch

DOUBLE = "def f(x):\n    return x + x\n"
SQUARE = "def f(x):\n    return x * x\n"


class Scribe:
    """Writes the first text, and mends with the others in turn."""

    def __init__(self, first: str, *mended: str) -> None:
        self.first, self.mended, self.asked = first, mended, []

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Iterator[Sketch]:
        self.asked.append("write")
        yield Sketch((self.first,), 0.5, 1)
        yield Sketch((self.first,), 1.0, 2, 9, True)

    def mend(
        self,
        request: CodeRequest,
        source: str,
        *,
        groups: Sequence[Sequence[int]],
        hint: str,
        count: int,
        seed: int,
    ) -> Iterator[Sketch]:
        self.asked.append(source)
        yield Sketch(self.mended or (source,), 1.0, 1, 3, True)

    def vary(
        self, request: CodeRequest, source: str, *, share: float, count: int, seed: int
    ) -> Iterator[Sketch]:
        yield Sketch((source,), 1.0, 1, 3, True)

    def sure(self, request: CodeRequest, source: str) -> None:
        return None
