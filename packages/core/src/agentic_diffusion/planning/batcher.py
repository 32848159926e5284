"""A batcher: requests that come in at about the same time, from any thread, are planned for together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar, final

from agentic_diffusion.errors import AgenticDiffusionError, InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.protocols import PlansMany
from agentic_diffusion.records import DenoiseEvent, Plan

Q = TypeVar("Q")
V = TypeVar("V")


@final
@dataclass(eq=False)
class _Call(Generic[Q, V]):
    """One call of `plan` that waits for its plan, or for its turn to plan for others."""

    request: Q
    seed: int
    budget: Budget
    watch: Callable[[DenoiseEvent], None] | None
    came: float = field(default_factory=time.perf_counter)
    woken: threading.Event = field(default_factory=threading.Event)
    plan: Plan[Q, V] | None = None
    error: BaseException | None = None

    @property
    def served(self) -> bool:
        return self.plan is not None or self.error is not None

    def left(self) -> Budget:
        """Return the budget with what waiting took taken off."""
        rest = self.budget.milliseconds - 1000 * (time.perf_counter() - self.came)
        return replace(self.budget, milliseconds=max(rest, 1e-3))


@final
class Batcher(Generic[Q, V]):
    """Serves many callers with one planner: itself something that plans, for a LangGraph node or an MCP server.

    There is no thread of its own. The first caller waits a moment for others and plans for all that came; whoever
    comes meanwhile waits for the next batch, which one of them then makes. Plans are those that each caller would
    have got alone, up to rounding. A deadline counts from the call.

    Args:
        planner: Plans for many requests at once.
        most: Requests in a batch.
        wait: Longest time in seconds that the first caller of a batch waits for others.
    """

    def __init__(self, planner: PlansMany[Q, V], *, most: int = 32, wait: float = 0.005) -> None:
        if most < 1 or not wait >= 0:
            raise InvalidConfigError(
                f"Batcher(most={most}, wait={wait})",
                "most >= 1 and wait >= 0",
                "32 and 0.005 are a fair start.",
            )
        self.planner = planner
        self.most = most
        self.wait = wait
        self._queue: list[_Call[Q, V]] = []
        self._led = False
        self._state = threading.Condition()

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return a plan, made in one batch with those of other callers; may be called from many threads at once.

        Args:
            request: What to plan for.
            seed: The same seed gives the same plan.
            budget: Deadline, memory and stop; none by default.
            watch: Told about every denoising step, in the thread of whoever plans for the batch.

        Raises:
            InvalidStateError: The request is impossible; the others of the batch are planned for all the same.
            BudgetError: Not even one candidate fits the memory.
        """
        mine: _Call[Q, V] = _Call(request, seed, budget or Budget(), watch)
        with self._state:
            self._queue.append(mine)
            leads, self._led = not self._led, True
            self._state.notify_all()
        if not leads:
            mine.woken.wait()
        if not mine.served:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        if mine.plan is None:
            raise RuntimeError("The planner returned no plan.")
        return mine.plan

    def _lead(self, mine: _Call[Q, V]) -> None:
        """Plan for a batch with `mine` in it, then leave the next batch to the first who waits."""
        with self._state:
            self._state.wait_for(lambda: len(self._queue) >= self.most, timeout=self.wait)
            self._queue.remove(mine)
            batch = [mine, *self._queue[: self.most - 1]]
            del self._queue[: self.most - 1]
        try:
            self._serve(batch)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            for call in batch:
                call.error = None if call.plan is not None else call.error or error
        finally:
            with self._state:
                following = self._queue[0] if self._queue else None
                self._led = following is not None
            for call in batch[1:]:
                call.woken.set()
            if following is not None:
                following.woken.set()

    def _serve(self, batch: Sequence[_Call[Q, V]]) -> None:
        try:
            plans = self._many(batch)
        except AgenticDiffusionError as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for call in batch:  # whose fault it was shows when each is planned for alone
                self._serve([call])
            return
        for call, plan in zip(batch, plans, strict=True):
            call.plan = plan

    def _many(self, batch: Sequence[_Call[Q, V]]) -> list[Plan[Q, V]]:
        def tell(index: int, event: DenoiseEvent) -> None:
            watch = batch[index].watch
            if watch is not None:
                watch(event)

        return self.planner.plan_many(
            [call.request for call in batch],
            seeds=[call.seed for call in batch],
            budgets=[call.left() for call in batch],
            watch=tell,
        )
