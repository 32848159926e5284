"""The evolver: plans and learns at once, with the learning in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import DenoiseEvent, Outcome, Plan, Verdict
from torch import Tensor

from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.tune import Tuner, weights_of

Q = TypeVar("Q")
V = TypeVar("V")

log = logging.getLogger(__name__)


@final
class Evolver(Generic[Q, V]):
    """A planner that takes in outcomes while it plans; it is `Plans` and `Learns`.

    Plans are made by the active planner and never wait for learning. After every `every` new outcomes a background
    thread tunes a candidate and asks the gate; a candidate that passes becomes active between two plans.

    Args:
        planner: The first planner.
        memory: Keeps the outcomes; safe to use from several threads, as both memories here are.
        tune: Makes candidates.
        gate: Called with candidate and incumbent.
        every: New outcomes after which a candidate is made.
        lineage: Where promoted generations are kept; founded by the caller.
    """

    def __init__(
        self,
        planner: Planner[Q, Tensor, Any, V],
        memory: Memory[Q, V],
        *,
        tune: Tuner[Q, V],
        gate: Callable[[Planner[Q, Tensor, Any, V], Planner[Q, Tensor, Any, V]], Verdict],
        every: int = 32,
        lineage: Lineage | None = None,
    ) -> None:
        if every < 1:
            raise InvalidConfigError(f"every={every}", "at least one outcome", "32 is a fair start.")
        self.planner = planner
        self.memory = memory
        self._tune, self._gate, self._lineage, self._every = tune, gate, lineage, every
        self._changed = Condition()
        self._fresh = 0
        self._busy = self._asked = self._closed = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._work, name="agentic-diffusion-evolver", daemon=True)
        self._thread.start()

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return a plan of the active planner."""
        return self.planner.plan(request, seed=seed, budget=budget, watch=watch)

    def learn(self, outcome: Outcome[Q, V]) -> None:
        """Take in what came of a plan; returns as soon as it is in the memory."""
        new = self.memory.add(outcome)
        with self._changed:
            self._fresh += int(new)
            self._changed.notify_all()

    def flush(self, *, seconds: float | None = None) -> bool:
        """Learn from all that was told so far and wait; returns False where that took longer than `seconds`.

        Raises:
            InvalidConfigError: The evolver was closed.
            Exception: What tuning or the gate raised since the last call; the active planner stayed.
        """
        with self._changed:
            if self._closed:
                raise InvalidConfigError("flush after close", "an open evolver", "Flush before closing.")
            self._asked = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._asked and not self._busy, seconds)
            error, self._error = self._error, None
        if error is not None:
            raise error
        return done

    def close(self) -> None:
        """End the thread, after the round it is in; planning goes on, learning does not."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Evolver[Q, V]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._asked or self._fresh >= self._every)
                if self._closed:
                    self._asked = False
                    self._changed.notify_all()
                    return
                due, self._fresh, self._asked, self._busy = self._fresh, 0, False, True
            try:
                if due:
                    self._turn()
            except Exception as error:
                log.exception("learning failed; the active planner stays")
                self._error = error
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _turn(self) -> None:
        candidate = self._tune(self.planner, self.memory)
        verdict = self._gate(candidate, self.planner)
        if self._lineage is not None and verdict.passed:
            self._lineage.promote(weights_of(candidate), {}, verdict=verdict)
        elif self._lineage is not None:
            self._lineage.reject(verdict=verdict)
        if verdict.passed:
            self.planner = candidate
        log.info("learned promoted=%s outcomes=%d", verdict.passed, len(self.memory))
