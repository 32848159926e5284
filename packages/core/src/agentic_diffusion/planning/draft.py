"""A plan on its way, as it is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, final

from agentic_diffusion.records import DenoiseEvent

X = TypeVar("X")


@final
@dataclass(frozen=True)
class Draft(Generic[X]):
    """A plan on its way.

    Args:
        event: How far it is.
        guess: Makes the reconstruction.
    """

    event: DenoiseEvent
    guess: Callable[[], X]

    @cached_property
    def states(self) -> X:
        """The best reconstruction of each candidate so far (tensors, indoors), made when it is looked at."""
        return self.guess()
