"""The planner as a node: asynchronous in a thread or synchronous, with progress, heartbeat and a gentle stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any, final

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.budget import Budget, never
from agentic_diffusion.planning.domains.trajectory import Reach
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.runtime import Runtime, get_runtime

from langgraph_agentic_diffusion.progress import Progress
from langgraph_agentic_diffusion.state import look, plain_plan, read_request

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Plans


@final
@dataclass(frozen=True, eq=False)
class DiffusionPlannerNode(Runnable[Any, dict[str, Any]]):
    """A node that reads a request from the state and writes a plan, both as plain JSON.

    It is a `Runnable` with both ways in, so that one object serves `graph.invoke` and `graph.ainvoke`, may be given
    a `timeout`, and adds no span of its own to a trace. In `ainvoke` the denoising runs in a thread.

    - Progress goes to the custom stream: dicts of type `PROGRESS` with the fields of `DenoiseEvent`.
    - Every denoising step is a heartbeat, so `TimeoutPolicy(idle_timeout=..., refresh_on="heartbeat")` lets a long
      plan live as long as it moves.
    - A requested drain ends the denoising with the best plan so far, whose `ending` is `"stopped"`.
    - When the awaiting task is cancelled (a timeout, a client that left) the thread stops after its current step.

    Args:
        planner: What plans.
        request_type: What the request must be.
        budget: Deadline, memory and stop of each plan.
        seed: The seed where the state has none: equal seeds give equal plans, also after a crash.
        request_key: Where the state keeps the request.
        plan_key: Where the state keeps the plan.
        seed_key: Where the state may keep a seed.
        keep: How many candidates to keep in the state, the chosen one among them; None keeps all.
        interval: Least time between two progress events in seconds.
        resets: Written along with every new plan, to take back what was said about the one before.
    """

    planner: Plans[Any, Any] = field(repr=False)
    _: KW_ONLY
    request_type: type[Any] = Reach
    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    request_key: str = "request"
    plan_key: str = "plan"
    seed_key: str = "seed"
    keep: int | None = None
    interval: float = 0.05
    resets: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.keep is not None and self.keep < 1) or not self.interval >= 0:
            raise InvalidConfigError(
                f"DiffusionPlannerNode(keep={self.keep}, interval={self.interval})",
                "at least one candidate to keep and an interval >= 0",
                "Leave keep out to keep all candidates; 0.05 gives 20 events a second.",
            )

    # Runnable lets callers bind further keywords; a planner takes none.
    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Plan in the calling thread.

        Args:
            input: The state of the graph.
            config: Unused; the runtime is found in the context.

        Raises:
            InvalidStateError: The request is missing, of the wrong form, or impossible for the planner.
            BudgetError: Not even one candidate fits the memory.
        """
        return self._plan(input, current_runtime(), never)

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Plan in a thread; cancelling this stops the thread at its next denoising step.

        Args:
            input: The state of the graph.
            config: Unused; the runtime is found in the context.

        Raises:
            InvalidStateError: The request is missing, of the wrong form, or impossible for the planner.
            BudgetError: Not even one candidate fits the memory.
        """
        gone = threading.Event()
        try:
            return await asyncio.to_thread(self._plan, input, current_runtime(), gone.is_set)
        finally:
            gone.set()

    def _plan(self, state: Any, runtime: Runtime[Any], gone: Callable[[], bool]) -> dict[str, Any]:
        request = read_request(state, self.request_type, key=self.request_key)
        progress = Progress(runtime.stream_writer, runtime.heartbeat, interval=self.interval, gone=gone)
        plan = self.planner.plan(
            request,
            seed=self._seed(state),
            budget=replace(self.budget, stop=lambda: gone() or runtime.drain_requested or self.budget.stop()),
            watch=progress,
        )
        progress.close()
        return {**self.resets, self.plan_key: plain_plan(plan, keep=self.keep)}

    def _seed(self, state: Any) -> int:
        seed = look(state, self.seed_key)
        if seed is None:
            return self.seed
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise InvalidStateError(
                f"{self.seed_key!r} = {seed!r}", "a whole number or None", "None uses the seed of the node."
            )
        return seed


def current_runtime() -> Runtime[Any]:
    """Return the runtime of the running graph, or an empty one outside of any graph."""
    try:
        found: Runtime[Any] | None = get_runtime()
    except (RuntimeError, KeyError):  # no runnable is running; or one that is not in a graph
        found = None
    return found or Runtime()
