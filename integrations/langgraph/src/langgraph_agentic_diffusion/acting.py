"""Acting: carries out a plan with a callable of the user's and notes what became of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias, final

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Plan
from langchain_core.runnables import Runnable, RunnableConfig

from langgraph_agentic_diffusion.state import look, plain, read_plan

Act: TypeAlias = (
    Callable[[Plan[Any, Any]], Mapping[str, Any]] | Callable[[Plan[Any, Any]], Awaitable[Mapping[str, Any]]]
)
"""Carries out a plan and returns an update of the state: `request` (from where things are now), `done`, and more."""


@final
@dataclass(frozen=True, eq=False)
class ActNode(Runnable[Any, dict[str, Any]]):
    """A node that gives the plan to a callable and writes what it returns, as plain JSON, and the count of rounds.

    In `ainvoke` a plain function runs in a thread and a coroutine function in the loop; `invoke` takes plain
    functions only. Inside, `langgraph.config.get_stream_writer()` gives the custom stream.

    Args:
        act: Carries out the plan. It returns a mapping: `request` to plan for next (left out: the same again),
            `done` when the task is over (left out: it is not), and any other keys of the state.
        plan_type: The type of the plan.
        plan_key: Where the state keeps the plan.
    """

    act: Act = field(repr=False)
    _: KW_ONLY
    plan_type: type[Plan[Any, Any]] = Plan[Reach, Trajectory]
    plan_key: str = "plan"

    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Act in the calling thread.

        Args:
            input: The state of the graph.
            config: Unused.

        Raises:
            InvalidConfigError: The callable is a coroutine function.
            InvalidStateError: There is no plan, or what the callable returned is not a mapping of plain JSON.
        """
        if _waits(self.act):
            raise InvalidConfigError(
                "a coroutine function to act with", "a plain function", "Use `ainvoke` or `astream`."
            )
        return self._update(input, self.act(self._read(input)))

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Act in the loop or in a thread.

        Args:
            input: The state of the graph.
            config: Unused.

        Raises:
            InvalidStateError: There is no plan, or what the callable returned is not a mapping of plain JSON.
        """
        plan = self._read(input)
        seen: Any = self.act(plan) if _waits(self.act) else asyncio.to_thread(self.act, plan)
        return self._update(input, await seen)

    def _read(self, state: Any) -> Plan[Any, Any]:
        return read_plan(state, self.plan_type, key=self.plan_key)

    def _update(self, state: Any, seen: object) -> dict[str, Any]:
        if not isinstance(seen, Mapping):
            raise InvalidStateError(
                f"a {type(seen).__name__} from acting",
                "a mapping such as {'request': {...}, 'done': False}",
                "Return an empty mapping where there is nothing to say.",
            )
        return {"done": False, **plain(dict(seen)), "rounds": (look(state, "rounds") or 0) + 1}


def _waits(act: Act) -> bool:
    """Whether it is a coroutine function, or an object that is called like one."""
    return inspect.iscoroutinefunction(act) or inspect.iscoroutinefunction(type(act).__call__)
