"""Calling: the next steps of a tool plan become calls of tools, with their arguments filled in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

from agentic_diffusion.planning.domains.toolplan import ToolPlan, ToolRequest
from agentic_diffusion.planning.shelf import plan_id
from agentic_diffusion.records import Given, Open, Plan, PlanStep, Quoted, Result
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool

from langgraph_agentic_diffusion.arguments import Missing, missing, typed
from langgraph_agentic_diffusion.state import look, plain, read_plan
from langgraph_agentic_diffusion.uses import StepOf

if TYPE_CHECKING:
    from agentic_diffusion.planning.shelf import PlanShelf

Fill: TypeAlias = Callable[[PlanStep, ToolRequest, Mapping[str, Any]], Mapping[str, Any]]
"""Gives the arguments of a step, from the step, the request and the results of earlier steps by their place."""

ToolPlanRecord = Plan[ToolRequest, ToolPlan]


def known_arguments(step: PlanStep, request: ToolRequest, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that the plan, the request and earlier results give; what nobody gives is left out.

    Args:
        step: The step.
        request: What was asked, with the facts that were observed since.
        results: What earlier steps gave, by their place in the plan as text.
    """
    told: dict[str, Any] = {}
    for name, argument in step.arguments.items():
        if isinstance(argument, Given):
            told[name] = argument.value
        elif isinstance(argument, Quoted):
            told[name] = request.facts.get(argument.key, argument.text) if argument.key else argument.text
        elif isinstance(argument, Result) and str(argument.step) in results:
            told[name] = part(results[str(argument.step)], argument.key)
        elif isinstance(argument, Open) and request.facts.get(name) is not None:
            told[name] = request.facts[name]  # known since the plan was made
    return told


def part(result: Any, key: str) -> Any:
    """Return the named part of a result that has parts; the whole of any other."""
    return result[key] if key and isinstance(result, Mapping) and key in result else result


def result_of(content: Any) -> Any:
    """Return what a tool said as plain JSON: parsed where it is JSON, as text otherwise."""
    if isinstance(content, str):
        try:
            return json.loads(content)
        except ValueError:
            return content
    return plain(content)


@final
@dataclass(frozen=True, eq=False)
class CallNode(Runnable[Any, dict[str, Any]]):
    """A node that turns the next steps of the plan in the state into one message that calls their tools.

    The next steps are those that wait for nothing that is still ahead. Ids of calls are made of the plan, the step
    and the round, so that a run which is resumed makes the same calls, and `steps_of` says which step each carries
    out. A step that lacks a required argument, or has one that does not fit, is not called: where it is the next one
    there is no message, and `missing` says what is wrong (see `Missing`).

    Args:
        fill: Gives the arguments; put your language model here for those that the plan leaves open.
        shelf: Where plans are kept for learning.
        one_at_a_time: Whether steps that could run side by side are called one after the other.
        tools: The tools: arguments are cast to what they take, and checked. Without them only arguments that the plan
            says are open can be missing.
        whole: Whether nothing is called at all as long as any step ahead has an argument that will stay open; not
            looked at where `fill` is your own, which may find more on the way.
    """

    _: KW_ONLY
    fill: Fill = field(default=known_arguments, repr=False)
    shelf: PlanShelf[ToolRequest, ToolPlan] | None = field(default=None, repr=False)
    one_at_a_time: bool = False
    tools: Sequence[BaseTool] = field(default=(), repr=False)
    whole: bool = True

    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Return the message and which steps it carries out, or what is missing.

        Args:
            input: The state of the graph.
            config: Unused.

        Raises:
            InvalidStateError: The state holds no tool plan.
        """
        plan = read_plan(input, ToolPlanRecord)
        request = ToolRequest.model_validate(look(input, "request"))
        results = look(input, "results") or {}
        value = plan.chosen.value
        lacking = self._ahead(value, request, results)
        ready: list[tuple[int, dict[str, Any]]] = []
        for place in () if lacking else self._ready(value, len(request.done)):
            arguments, lacking = self._filled(place, value.steps[place], request, results)
            if lacking:
                break
            ready.append((place, arguments))
        if not ready:
            return {"missing": plain(lacking), "steps_of": {}}
        name = plan_id(plan) if self.shelf is None else self.shelf.put(plan)
        told = look(input, "rounds") or 0
        calls, steps_of = [], {}
        for place, arguments in ready:
            number = f"{name}-{told}-{place}"
            calls.append(
                {"name": value.steps[place].tool, "args": arguments, "id": number, "type": "tool_call"}
            )
            of = StepOf(plan=name, step=place, request=plain(plan.request), seed=plan.seed)
            steps_of[number] = of.model_dump(mode="json")
        return {
            "messages": [AIMessage(content="", tool_calls=calls)],
            "steps_of": steps_of,
            "missing": [],
        }

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """See `invoke`; a `fill` that takes time runs in a thread.

        Args:
            input: The state of the graph.
            config: Unused.
        """
        if self.fill is known_arguments:
            return self.invoke(input)
        return await asyncio.to_thread(self.invoke, input)

    def _ahead(self, plan: ToolPlan, request: ToolRequest, results: Mapping[str, Any]) -> Sequence[Missing]:
        """Return what will stay open in the steps ahead, where that is known beforehand."""
        if not self.whole or self.fill is not known_arguments:
            return ()
        steps = [(place, plan.steps[place]) for place in range(len(request.done), len(plan.steps))]
        return [
            lack
            for place, step in steps
            for lack in missing(place, step, arguments=known_arguments(step, request, results))
        ]

    def _filled(
        self, place: int, step: PlanStep, request: ToolRequest, results: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Sequence[Missing]]:
        """Return the arguments of a step that is ready, and what is wrong with them."""
        arguments: dict[str, Any] = plain(dict(self.fill(step, request, results)))
        tool = next((tool for tool in self.tools if tool.name == step.tool), None)
        if tool is not None:
            arguments = typed(arguments, tool)
        return arguments, missing(place, step, arguments=arguments, tool=tool)

    def _ready(self, plan: ToolPlan, done: int) -> list[int]:
        ahead = range(done, len(plan.steps))
        ready = [place for place in ahead if all(before < done for before in plan.steps[place].after)]
        # done steps are the first of a plan, so only a run of ready steps can be called together
        run = [place for offset, place in enumerate(ready) if place == done + offset]
        return run[:1] if self.one_at_a_time else run
