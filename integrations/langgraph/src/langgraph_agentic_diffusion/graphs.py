"""Graphs ready to compile: plan, plan with approval, plan and act until done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Plan
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph

from langgraph_agentic_diffusion.acting import Act, ActNode
from langgraph_agentic_diffusion.approval import ApprovalNode, needs_replan
from langgraph_agentic_diffusion.nodes import DiffusionPlannerNode
from langgraph_agentic_diffusion.state import PlanActState, PlannerState, look

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Plans


def create_planner_graph(
    planner: Plans[Any, Any] | DiffusionPlannerNode,
    *,
    approve: bool | ApprovalNode = False,
    state: type[Any] = PlannerState,
) -> StateGraph[Any, None, Any, Any]:
    """Return the graph `planner -> END`, or `planner -> approval -> END` with a way back for an edited request.

    It is not compiled, so add what you need (`set_node_defaults(timeout=...)`, more nodes) and compile it with your
    checkpointer. To embed it, compile it without one and add it as a node to a graph whose state has the same
    `request` and `plan` keys (and `decision`, where plans are approved): the two share those keys, the checkpointer
    of the outer graph serves both, and `stream(..., subgraphs=True)` shows the progress inside.

    Args:
        planner: A planner, or a node made from one where other than the defaults are needed.
        approve: Whether a person must decide on every plan; give a node where other than the defaults are needed.
        state: The schema of the state, with the keys that the nodes use.

    Raises:
        InvalidConfigError: Plans of other requests than `Reach` are to be approved and no node says how.
    """
    node = _node(planner)
    graph: StateGraph[Any, None, Any, Any] = StateGraph(state)
    graph.add_edge(START, "planner")
    if approve is False:
        graph.add_node("planner", node)
        graph.add_edge("planner", END)
        return graph
    approval = _approval(node) if approve is True else approve
    key = approval.decision_key
    graph.add_node("planner", replace(node, resets={**node.resets, key: None}))
    graph.add_node("approval", approval)
    graph.add_edge("planner", "approval")
    graph.add_conditional_edges(
        "approval", lambda state: needs_replan(state, key=key), {True: "planner", False: END}
    )
    return graph


def create_plan_act_graph(
    planner: Plans[Any, Any] | DiffusionPlannerNode,
    act: Act,
    *,
    max_rounds: int = 10,
    plan_type: type[Plan[Any, Any]] = Plan[Reach, Trajectory],
    state: type[Any] = PlanActState,
) -> StateGraph[Any, None, Any, Any]:
    """Return the graph `planner -> act -> planner -> ...`, which ends when `act` says `done` or rounds run out.

    It is not compiled. The final state tells the two endings apart by `done`, and counts the `rounds` of this run.

    Args:
        planner: A planner, or a node made from one where other than the defaults are needed.
        act: Carries out a plan; it returns `{"request": ..., "done": ..., "observation": ...}` (see `ActNode`).
        max_rounds: How many plans may be acted upon.
        plan_type: The type of the plan that `act` is given.
        state: The schema of the state, for more keys than `PlanActState` has.

    Raises:
        InvalidConfigError: Fewer than one round.
    """
    if max_rounds < 1:
        raise InvalidConfigError(
            f"max_rounds={max_rounds}", "at least one round", "One round plans once and acts once."
        )
    node = _node(planner)
    graph: StateGraph[Any, None, Any, Any] = StateGraph(state)
    graph.add_node("begin", RunnableLambda(_begin, _abegin))
    graph.add_node("planner", node)
    graph.add_node("act", ActNode(act, plan_type=plan_type, plan_key=node.plan_key))
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "planner")
    graph.add_edge("planner", "act")
    graph.add_conditional_edges(
        "act",
        lambda state: bool(look(state, "done")) or look(state, "rounds") >= max_rounds,
        {True: END, False: "planner"},
    )
    return graph


def _node(planner: Plans[Any, Any] | DiffusionPlannerNode) -> DiffusionPlannerNode:
    return planner if isinstance(planner, DiffusionPlannerNode) else DiffusionPlannerNode(planner)


def _approval(node: DiffusionPlannerNode) -> ApprovalNode:
    if node.request_type is not Reach:
        raise InvalidConfigError(
            f"approve=True with requests of type {node.request_type.__name__}",
            "requests of type Reach, or an ApprovalNode that knows the types",
            "Give approve=ApprovalNode(schema=Decision[Request, Value], plan_type=Plan[Request, Value]).",
        )
    return ApprovalNode(request_key=node.request_key, plan_key=node.plan_key)


def _begin(state: object) -> dict[str, Any]:
    """Forget the rounds of an earlier run on the same thread."""
    return {"done": False, "rounds": 0}


async def _abegin(state: object) -> dict[str, Any]:
    return _begin(state)
