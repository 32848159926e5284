"""The code graph: generate a program, verify it by tests of your own, refine it from what failed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome, Plan, Verdict
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END, START, StateGraph

from langgraph_agentic_diffusion.nodes import DiffusionPlannerNode
from langgraph_agentic_diffusion.state import PlannerState, look, plain, read_plan
from langgraph_agentic_diffusion.toolgraph import Rounds, both

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Learns, Plans

Refine: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any], Verdict], Mapping[str, Any]]
"""Makes the next request out of the last one, the program that failed, and why; the first two as plain JSON."""


class CodeState(PlannerState, total=False):
    """What a graph that writes and mends programs keeps; every value is plain JSON.

    Args:
        verdict: What the last verification said.
        rounds: How many programs were generated in this run.
        failures: The failures that were refined already.
        done: Whether a program passed.
        ended: Why the run ended: `passed`, `rounds`, `stuck` or `abstained`.
    """

    verdict: dict[str, Any] | None
    rounds: int
    failures: list[str]
    done: bool
    ended: str


def redraft(request: Mapping[str, Any], value: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    """Begin from the program that failed, with the tests that the verdict names.

    The evidence may hold `counterexamples`: tests in the form of the request's own `tests`, which the program fails.
    """
    tests = list(request.get("tests") or [])
    found = verdict.evidence.get("counterexamples")
    fresh = [test for test in found if test not in tests] if isinstance(found, Sequence) else []
    return {**request, "draft": value.get("source", ""), "tests": [*tests, *fresh]}


def create_code_graph(
    coder: Plans[Any, Any] | DiffusionPlannerNode,
    verify: Callable[[Any, Any], Verdict],
    *,
    plan_type: type[Plan[Any, Any]],
    refine: Refine = redraft,
    learns: Learns[Any, Any] | None = None,
    max_rounds: int = 3,
    state: type[Any] = CodeState,
) -> StateGraph[Any, None, Any, Any]:
    """Return the graph `generate -> verify -> (refine -> generate | END)`.

    The coder runs the tests of the request by itself; `verify` asks more of its program: tests that are kept from it, a
    type checker, a person. It is not compiled: compile it with your checkpointer, or without one and add it to a
    bigger graph whose state has the same `request` and `plan` keys. It ends when a program passes, when the coder
    abstains, when the rounds are over, or when a failure comes again that was refined before.

    Args:
        coder: What writes programs, or a node made from one.
        verify: Judges the chosen program: called with the request and the value as `plan_type` has them.
        plan_type: The type of its plans, such as `Plan[CodeRequest, Program]`.
        refine: Makes the next request after a failure.
        learns: Is told what became of every program.
        max_rounds: How many programs may be generated in one run; each has a seed of its own.
        state: The schema of the state, for more keys than `CodeState` has.

    Raises:
        InvalidConfigError: Fewer than one round.
    """
    if max_rounds < 1:
        raise InvalidConfigError(
            f"max_rounds={max_rounds}", "at least one round", "One round generates once."
        )
    node = coder
    if not isinstance(node, DiffusionPlannerNode):
        request_type: Any = plan_type.model_fields["request"].annotation
        node = DiffusionPlannerNode(node, request_type=request_type, keep=1)
    judge = VerifyNode(verify, plan_type=plan_type, plan_key=node.plan_key, learns=learns, most=max_rounds)
    keys = node.request_key, node.plan_key
    graph: StateGraph[Any, None, Any, Any] = StateGraph(state)
    graph.add_node("begin", both(_begin))
    graph.add_node("generate", Rounds(node))
    graph.add_node("verify", judge)
    graph.add_node("refine", both(lambda state: _refined(state, refine, keys)))
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "generate")
    graph.add_edge("generate", "verify")
    graph.add_conditional_edges(
        "verify", lambda state: bool(look(state, "ended")), {True: END, False: "refine"}
    )
    graph.add_edge("refine", "generate")
    return graph


@final
@dataclass(frozen=True, eq=False)
class VerifyNode(Runnable[Any, dict[str, Any]]):
    """A node that judges the chosen value of a plan and says whether the run is over.

    Args:
        verify: Judges; called with the request and the value. In `ainvoke` it runs in a thread.
        plan_type: The type of the plan.
        plan_key: Where the state keeps the plan.
        learns: Is told what became of the value.
        most: How many values may be judged in one run.
    """

    verify: Callable[[Any, Any], Verdict] = field(repr=False)
    _: KW_ONLY
    plan_type: type[Plan[Any, Any]]
    plan_key: str = "plan"
    learns: Learns[Any, Any] | None = None
    most: int = 3

    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Judge in the calling thread.

        Args:
            input: The state of the graph.
            config: Unused.

        Raises:
            InvalidStateError: There is no plan in the state, or it is of another type.
        """
        plan = read_plan(input, self.plan_type, key=self.plan_key)
        if plan.abstained:
            return {"verdict": plain(plan.chosen.verdict), "done": False, "ended": "abstained"}
        verdict = self.verify(plan.request, plan.chosen.value)
        if self.learns is not None:
            self.learns.learn(_outcome(plan, verdict))
        failure = json.dumps(plain([plan.chosen.value, dict(verdict.evidence)]), sort_keys=True)
        before = look(input, "failures") or []
        failures = before if verdict.passed else [*before, failure]
        return {
            "verdict": plain(verdict),
            "done": verdict.passed,
            "failures": failures,
            "ended": self._ended(input, verdict, again=failure in before),
        }

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Judge in a thread.

        Args:
            input: The state of the graph.
            config: Unused.

        Raises:
            InvalidStateError: There is no plan in the state, or it is of another type.
        """
        return await asyncio.to_thread(self.invoke, input, config)

    def _ended(self, state: Any, verdict: Verdict, *, again: bool) -> str:
        if verdict.passed:
            return "passed"
        if again:
            return "stuck"
        return "rounds" if (look(state, "rounds") or 0) >= self.most else ""


def _outcome(plan: Plan[Any, Any], verdict: Verdict) -> Outcome[Any, Any]:
    return Outcome(
        request=plan.request,
        value=plan.chosen.value,
        reward=float(verdict.passed),
        evidence={**verdict.evidence, "score": verdict.score},
        source="verify",
        plan_seed=plan.seed,
    )


def _begin(state: Any) -> dict[str, Any]:
    """Forget an earlier run on the same thread."""
    return {"rounds": 0, "failures": [], "done": False, "ended": "", "verdict": None}


def _refined(state: Any, refine: Refine, keys: tuple[str, str]) -> dict[str, Any]:
    request, plan = (look(state, key) for key in keys)
    verdict = Verdict.model_validate(look(state, "verdict"))
    return {keys[0]: plain(dict(refine(plain(request), plan["chosen"]["value"], verdict)))}
