"""Going on: a candidate that was refused because it had not gained enough is what the next generation tunes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.planning.planner import Planner
from torch import Tensor

from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.tune import Tuner

Q = TypeVar("Q")
V = TypeVar("V")


@final
@dataclass
class Onward(Generic[Q, V]):
    """A tuner that goes on from its last candidate, whether or not the gate let that pass.

    Evolution hands each tuner the active planner. Where a task needs more training than one generation gives, every
    generation would begin anew and each be refused. The gate still decides what becomes active, so nothing is lost by
    going on but time. What was learned from outcomes that turned out false is carried on too: use it where outcomes
    are known to be true, as in a simulator. It serves one evolution: the next one needs a new one, or would go on from
    the last candidate of this one.

    Args:
        tuner: Makes the tuner of a generation from its number, counted from 0; each should draw its own noise.
    """

    tuner: Callable[[int], Tuner[Q, V]]
    _tuned: int = field(default=0, init=False)
    _last: Any = field(default=None, init=False)

    def __call__(
        self, planner: Planner[Q, Tensor, Any, V], memory: Memory[Q, V]
    ) -> Planner[Q, Tensor, Any, V]:
        """Return the planner with the denoiser of the last candidate, tuned; the first time its own."""
        tuned = self.tuner(self._tuned)(self.newest(planner), memory)
        self._tuned, self._last = self._tuned + 1, tuned.denoiser
        return tuned

    def newest(self, planner: Planner[Q, Tensor, Any, V]) -> Planner[Q, Tensor, Any, V]:
        """Return the planner with the denoiser of the last candidate, to practise with; before the first its own."""
        return planner if self._last is None else replace(planner, denoiser=self._last)
