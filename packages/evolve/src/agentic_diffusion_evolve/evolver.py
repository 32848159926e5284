"""The evolver: plans and learns at once, with the learning in a thread of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Generic, Literal, TypeAlias, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.records import DenoiseEvent, Outcome, Plan, Record, Verdict
from pydantic import JsonValue
from torch import Tensor

from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.memory import Memory
from agentic_diffusion_evolve.shift import Drift
from agentic_diffusion_evolve.tune import Tuner, newest, weights_of

Q = TypeVar("Q")
V = TypeVar("V")

log = logging.getLogger(__name__)


Why: TypeAlias = Literal["count", "drift", "flush"]
"""Enough new outcomes, rewards that have fallen for good, or somebody who asked."""


Pack: TypeAlias = Callable[[Any], tuple[Mapping[str, Tensor], Mapping[str, JsonValue]]]
"""From a planner to what is written down of it: its tensors, and a card."""


def weights_alone(
    planner: Planner[Any, Any, Any, Any],
) -> tuple[Mapping[str, Tensor], Mapping[str, JsonValue]]:
    """Return the weights of the planner's denoiser, for `with_weights`."""
    return weights_of(planner), {}


class Turn(Record):
    """One turn of learning.

    Args:
        why: What set it off.
        outcomes: Outcomes it could learn from.
        new: Outcomes told since the turn before.
        promoted: Whether the candidate took over.
        verdict: What the gate said.
        seconds: Wall-clock time.
    """

    why: Why
    outcomes: int
    new: int
    promoted: bool
    verdict: Verdict
    seconds: float


@final
class Evolver(Generic[Q, V]):
    """A planner that takes in outcomes while it plans; it is `Plans` and `Learns`.

    Plans are made by the active planner and never wait for learning. After every `every` new outcomes a background
    thread tunes a candidate and asks the gate; a candidate that passes becomes active between two plans.

    With a drift watch it also learns as soon as rewards have fallen for good. What was told before the fall began is
    then out of date: this turn and later ones learn from what came after. `turns` records what set off each turn.

    Args:
        planner: The first planner.
        memory: Keeps the outcomes; safe to use from several threads, as both memories here are.
        tune: Makes candidates.
        gate: Called with candidate and incumbent.
        every: New outcomes after which a candidate is made.
        lineage: Where promoted generations are kept; founded by the caller.
        drift: Watches the rewards of trusted outcomes; started anew after each alarm.
        pack: What the lineage keeps of a generation. The weights of the denoiser, where that is all that tuning
            changes; `packed` of `toolplan` for planners of tools, which `unpacked` makes again.
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
        drift: Drift | None = None,
        pack: Pack = weights_alone,
    ) -> None:
        if every < 1:
            raise InvalidConfigError(f"every={every}", "at least one outcome", "32 is a fair start.")
        self.planner = planner
        self.memory = memory
        self._tune, self._gate, self._lineage, self._every, self._pack = tune, gate, lineage, every, pack
        self._adopted = 0
        self._drift = self._watch = drift
        self._turns: list[Turn] = []
        self._changed = Condition()
        self._fresh = 0
        self._current: int | None = None  # outcomes since the last fall began; None where there was none
        self._busy = self._asked = self._fell = self._closed = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._work, name="agentic-diffusion-evolver", daemon=True)
        self._thread.start()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of learning so far."""
        return tuple(self._turns)

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
            if new:
                self._fresh += 1
                self._current = None if self._current is None else self._current + 1
                self._look(outcome)
            self._changed.notify_all()

    def _look(self, outcome: Outcome[Q, V]) -> None:
        """Show the outcome to the watch."""
        if self._watch is None or outcome.trust <= 0:
            return
        self._watch = self._watch.after(outcome.reward)
        if self._watch.alarmed:
            log.warning("drift: rewards have fallen for the last %d outcomes", self._watch.falling)
            self._fell, self._current, self._watch = True, self._watch.falling, self._drift

    def adopt(self, planner: Planner[Q, Tensor, Any, V]) -> None:
        """Make another planner the active one, such as an earlier generation; what is being tuned now is thrown away.

        The lineage is left as it is: call its `rollback` too, so that the next start begins there.
        """
        with self._changed:
            self.planner, self._adopted = planner, self._adopted + 1

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
                self._changed.wait_for(self._due)
                if self._closed:
                    self._asked = False
                    self._changed.notify_all()
                    return
                why: Why = "drift" if self._fell else "count" if self._fresh >= self._every else "flush"
                new, self._fresh = self._fresh, 0
                self._asked, self._fell, self._busy = False, False, True
                current = self._current
            try:
                if new or why == "drift":
                    self._turn(why, new, current)
            except Exception as error:
                log.exception("learning failed; the active planner stays")
                self._error = error
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _due(self) -> bool:
        return self._closed or self._asked or self._fell or self._fresh >= self._every

    def _turn(self, why: Why, new: int, current: int | None) -> None:
        started = time.perf_counter()
        memory = self.memory if current is None else newest(self.memory, current)
        with self._changed:
            incumbent, adopted = self.planner, self._adopted
        candidate = self._tune(incumbent, memory)
        verdict = self._gate(candidate, incumbent)
        if adopted != self._adopted:
            late = {**verdict.evidence, "why": "another planner was adopted meanwhile"}
            verdict = verdict.model_copy(update={"passed": False, "evidence": late})
        if self._lineage is not None and verdict.passed:
            tensors, card = self._pack(candidate)
            self._lineage.promote(tensors, {**card, "why": why}, verdict=verdict)
        elif self._lineage is not None:
            self._lineage.reject(verdict=verdict)
        with self._changed:
            if verdict.passed and adopted == self._adopted:
                self.planner = candidate
        turn = Turn(
            why=why,
            outcomes=len(memory),
            new=new,
            promoted=verdict.passed,
            verdict=verdict,
            seconds=time.perf_counter() - started,
        )
        self._turns.append(turn)
        log.info("learned why=%s promoted=%s outcomes=%d", why, verdict.passed, turn.outcomes)
