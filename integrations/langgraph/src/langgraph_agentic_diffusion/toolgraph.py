"""The tool graph: plan calls of tools, make them, observe, and plan again from where things are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import ToolPlan, ToolRequest
from agentic_diffusion.planning.shelf import PlanShelf
from langchain_core.messages import AnyMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode

from langgraph_agentic_diffusion.calling import CallNode, Fill, known_arguments
from langgraph_agentic_diffusion.feedback import ToolFeedback
from langgraph_agentic_diffusion.learning import PlanOutcomes
from langgraph_agentic_diffusion.nodes import DiffusionPlannerNode
from langgraph_agentic_diffusion.observing import Avoid, ObserveNode, Revise
from langgraph_agentic_diffusion.specs import check_tools, tool_specs
from langgraph_agentic_diffusion.state import PlannerState, look
from langgraph_agentic_diffusion.turns import (
    GO_ON,
    OVER,
    REPLAN,
    Ended,
    against,
    begin,
    finish,
    rounds_of,
    what_next,
)

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Learns, Plans

    from langgraph_agentic_diffusion.uses import ToolUse


class ToolPlanState(PlannerState, total=False):
    """What a graph that plans and calls tools keeps; all but the messages is plain JSON.

    Args:
        messages: The conversation: where there is no request, the last word of a person is the goal.
        steps_of: Which step each call carries out, by the id of the call.
        missing: What keeps the next steps from being called (see `Missing`).
        results: What the steps gave, by their place.
        failures: How often each tool failed.
        rounds: How many plans were made in this run.
        next: What follows from the last observation.
        done: Whether the request is fulfilled.
        ending: Why the run ended: one of `Ended`.
        written: A mark of the request as the graph left it, by which a new one is known.
        allowed: The tools that the last request which somebody gave allows; empty for all.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    steps_of: dict[str, Any]
    missing: list[dict[str, Any]]
    results: dict[str, Any]
    failures: dict[str, int]
    rounds: int
    next: str
    done: bool
    ending: Ended
    written: str
    allowed: list[str]


def create_tool_plan_graph(
    planner: Plans[ToolRequest, ToolPlan] | DiffusionPlannerNode,
    tools: Sequence[BaseTool],
    *,
    learns: Learns[ToolRequest, ToolPlan] | None = None,
    watches: Learns[Any, ToolUse] | None = None,
    fill: Fill = known_arguments,
    revise: Revise | None = None,
    reached: Callable[[ToolRequest], bool] | None = None,
    max_rounds: int = 5,
    max_unfamiliar: float = math.inf,
    one_at_a_time: bool = False,
    state: type[Any] = ToolPlanState,
) -> StateGraph[Any, None, Any, Any]:
    """Return the graph `planner -> act -> tools -> observe -> (act | planner | finish)`.

    Each plan begins with the steps that were done and knows the facts they gave; each is made with another seed, the
    first with that of the state or the node. Only a plan that meets the requirements is carried out, and only calls
    whose required arguments are known: otherwise the run ends and says why, in words and as `ending` (see `Ended`) and
    `missing` in the state. It is not compiled: compile it with your checkpointer, or without one
    and add it to a bigger graph that has the same `messages`. It takes a request, or messages whose last word of a
    person is the goal, and ends with a message that says what was done: so it is a sub-agent too, such as
    `CompiledSubAgent(name=..., description=..., runnable=graph.compile())` of deepagents.

    Args:
        planner: A planner over these tools, or a node made from one.
        tools: What may be called. Errors of tools are observed, not raised.
        learns: Is told what became of every plan.
        watches: Is told what became of every call.
        fill: Gives the arguments of a step. The default knows what the plan, the request and earlier results tell, and
            then nothing is called before every required argument ahead is known or will be given by a step, unless
            `reached` may end the run before.
        revise: Changes the request after a failure; by default tools that failed twice are left out.
        reached: Whether the request is fulfilled; without it a plan that was carried out is the end.
        max_rounds: How many plans may be made in one run.
        max_unfamiliar: A plan for a request that lies farther from what the planner has seen is not carried out
            (see `Plan.unfamiliar`; above 1 a request counts as new, and to an untrained planner all are).
        one_at_a_time: Whether steps that could run side by side are called one after the other.
        state: The schema of the state, for more keys than `ToolPlanState` has.

    Raises:
        InvalidConfigError: Fewer than one round, no tools, a tool that cannot be described, two of one name, or other
            tools than the planner plans with.
    """
    if max_rounds < 1:
        raise InvalidConfigError(f"max_rounds={max_rounds}", "at least one round", "One round plans once.")
    node = planner
    if not isinstance(node, DiffusionPlannerNode):
        node = DiffusionPlannerNode(node, request_type=ToolRequest, keep=1)
    specs = tool_specs(tools)
    check_tools(node.planner, specs)
    shelf: PlanShelf[ToolRequest, ToolPlan] = PlanShelf()
    plans = None if learns is None else PlanOutcomes(learns, shelf, also=watches)
    graph: StateGraph[Any, None, Any, Any] = StateGraph(state)
    graph.add_node("begin", both(begin))
    graph.add_node("planner", Rounds(node))
    act = CallNode(fill=fill, shelf=shelf, one_at_a_time=one_at_a_time, tools=tools, whole=reached is None)
    graph.add_node("act", act)
    graph.add_node("tools", _tools(tools, watches if plans is None else plans))
    revise = revise or Avoid(tuple(spec.name for spec in specs))
    graph.add_node("observe", ObserveNode(specs, revise=revise, reached=reached, plans=plans))
    graph.add_node("finish", both(lambda state: finish(state, max_unfamiliar)))
    _wire(graph, max_rounds, max_unfamiliar)
    return graph


def _tools(tools: Sequence[BaseTool], learns: Learns[Any, ToolUse] | None) -> ToolNode:
    """Return the node that calls the tools, watched where somebody learns."""
    if learns is None:
        return ToolNode(tools, handle_tool_errors=True)
    feedback = ToolFeedback(learns, granularity="attempt")
    return ToolNode(
        tools,
        handle_tool_errors=True,
        wrap_tool_call=feedback.wrap_tool_call,
        awrap_tool_call=feedback.awrap_tool_call,
    )


def _wire(graph: StateGraph[Any, None, Any, Any], max_rounds: int, max_unfamiliar: float) -> None:
    """Draw the edges between the nodes."""
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "planner")
    graph.add_conditional_edges(
        "planner",
        lambda state: against(state, max_unfamiliar) is None,
        {True: "act", False: "finish"},
    )
    graph.add_conditional_edges(
        "act", lambda state: bool(look(state, "missing")), {True: "finish", False: "tools"}
    )
    graph.add_edge("tools", "observe")
    graph.add_conditional_edges(
        "observe",
        lambda state: what_next(state, max_rounds),
        {GO_ON: "act", REPLAN: "planner", OVER: "finish"},
    )
    graph.add_edge("finish", END)


@final
@dataclass(frozen=True, eq=False)
class Rounds(Runnable[Any, dict[str, Any]]):
    """A planner node that counts its plans and makes each with a seed of its own.

    Args:
        node: Makes the plans; the seed of the state, or its own, is that of the first.
    """

    node: DiffusionPlannerNode

    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Plan in the calling thread.

        Args:
            input: The state of the graph.
            config: Passed on.
        """
        return {**self.node.invoke(self._seeded(input), config), "rounds": rounds_of(input) + 1}

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Plan in a thread.

        Args:
            input: The state of the graph.
            config: Passed on.
        """
        return {**await self.node.ainvoke(self._seeded(input), config), "rounds": rounds_of(input) + 1}

    def _seeded(self, state: Any) -> dict[str, Any]:
        key = self.node.seed_key
        first = look(state, key)
        seed = self.node.seed if first is None else first
        return {
            self.node.request_key: look(state, self.node.request_key),
            key: seed + rounds_of(state) if isinstance(seed, int) else seed,
        }


def both(function: Callable[[Any], dict[str, Any]]) -> RunnableLambda[Any, dict[str, Any]]:
    """Return a node with both ways in: a short function of the state that waits for nothing."""

    async def later(state: Any) -> dict[str, Any]:
        return function(state)

    return RunnableLambda(function, later)
