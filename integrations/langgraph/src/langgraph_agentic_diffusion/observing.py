"""Observing: what the tools said becomes facts of the request, and decides whether to go on, plan again or end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

from agentic_diffusion.planning.domains.toolplan import ToolRequest
from agentic_diffusion.records import PlanStep, ToolSpec, Verdict
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import JsonValue

from langgraph_agentic_diffusion.calling import ToolPlanRecord, part, result_of
from langgraph_agentic_diffusion.state import look, plain, read_plan
from langgraph_agentic_diffusion.turns import GO_ON, OVER, REPLAN, written

if TYPE_CHECKING:
    from langgraph_agentic_diffusion.learning import PlanOutcomes

log = logging.getLogger(__name__)

Facts: TypeAlias = Callable[[ToolSpec, PlanStep, Any], Mapping[str, JsonValue]]
"""Says which facts are known once a tool was called, from the tool, the step and its result."""

Revise: TypeAlias = Callable[[ToolRequest, Mapping[str, int]], ToolRequest]
"""Changes a request after a failure, told how often each tool has failed; the request has what was done so far."""


def given_facts(spec: ToolSpec, step: PlanStep, result: Any) -> dict[str, JsonValue]:
    """Return what the tool gives: the part of its result with the name of the fact, or that the fact holds."""
    if len(spec.gives) == 1 and not isinstance(result, Mapping) and result not in (None, "", False):
        return {spec.gives[0]: result}
    parts = result if isinstance(result, Mapping) else {}
    return {fact: part(parts, fact) if fact in parts else True for fact in spec.gives}


def goals_of(verdict: Verdict) -> tuple[str, ...]:
    """Return the facts that must hold in the end, as the verdict names them."""
    told = verdict.evidence.get("goals")
    return tuple(map(str, told)) if isinstance(told, list | tuple) else ()


def holds(request: ToolRequest, fact: str) -> bool:
    """Whether a fact is known, and is neither None nor False."""
    value = request.facts.get(fact)
    return value is not None and value is not False


@final
@dataclass(frozen=True)
class Avoid:
    """Leaves out tools that have failed too often, as long as any are left.

    Args:
        tools: The names of all tools.
        patience: Failures after which a tool is left out.
    """

    tools: tuple[str, ...]
    patience: int = 2

    def __call__(self, request: ToolRequest, failures: Mapping[str, int]) -> ToolRequest:
        """Return the request without them."""
        allowed = request.tools or self.tools
        left = tuple(name for name in allowed if failures.get(name, 0) < self.patience)
        return request.model_copy(update={"tools": left or allowed})


@final
@dataclass(frozen=True, eq=False)
class ObserveNode(Runnable[Any, dict[str, Any]]):
    """A node that reads the answers to the last calls and writes what follows from them.

    Steps that went well are added to what is done, with which the next plan begins, and what they gave becomes facts
    of the request. `next` in the state says whether to go on with the plan, to plan again, or that it is over.
    `done` is true where the request is fulfilled, and where nobody can say that, once the plan was carried out and the
    facts hold that its verdict names as goals.

    Args:
        specs: The tools.
        facts: What is known once a tool was called.
        revise: Changes the request after a failure.
        reached: Whether the request is fulfilled; asked after each observation. Without it a plan is carried out to
            its end.
        plans: Learns of whole plans; settled when a plan is given up or carried out.
    """

    specs: Sequence[ToolSpec]
    _: KW_ONLY
    facts: Facts = field(default=given_facts, repr=False)
    revise: Revise = field(repr=False)
    reached: Callable[[ToolRequest], bool] | None = field(default=None, repr=False)
    plans: PlanOutcomes[Any, Any] | None = field(default=None, repr=False)

    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Return the new request, results and what is next.

        Args:
            input: The state of the graph.
            config: The thread is read from it.

        Raises:
            InvalidStateError: The state holds no tool plan.
        """
        chosen = read_plan(input, ToolPlanRecord).chosen
        plan = chosen.value
        request = ToolRequest.model_validate(look(input, "request"))
        results, failures = dict(look(input, "results") or {}), dict(look(input, "failures") or {})
        facts, done, failed = dict(request.facts), list(request.done), False
        for place, answer in self._answers(input):
            step = plan.steps[place]
            if answer is None or answer.status == "error":
                failures[step.tool] = failures.get(step.tool, 0) + 1
                failed = True
            else:
                result = results[str(len(done))] = result_of(answer.content)
                facts.update(plain(dict(self.facts(self._spec(step.tool), step, result))))
                done.append(step)
        request = request.model_copy(update={"facts": facts, "done": tuple(done)})
        through = not failed and len(done) >= len(plan.steps)
        if self.reached is None:
            over = through and all(holds(request, goal) for goal in goals_of(chosen.verdict))
        else:
            over = self.reached(request)
        if over or failed or through:
            self._settle(config)
        if failed and not over:
            request = self.revise(request, failures)
        return {
            **written(request),
            "results": results,
            "failures": failures,
            "done": over,
            "next": OVER if over else REPLAN if failed or through else GO_ON,
        }

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """See `invoke`; nothing here takes time.

        Args:
            input: The state of the graph.
            config: The thread is read from it.
        """
        return self.invoke(input, config)

    def _answers(self, state: Any) -> list[tuple[int, ToolMessage | None]]:
        """Return the answers to the last calls by the place of their step; None where a tool gave none."""
        messages = look(state, "messages") or []
        called = next(m for m in reversed(messages) if isinstance(m, AIMessage))
        told = {m.tool_call_id: m for m in messages if isinstance(m, ToolMessage)}
        steps = look(state, "steps_of") or {}
        return sorted(
            ((steps[call["id"]]["step"], told.get(str(call["id"]))) for call in called.tool_calls),
            key=lambda found: found[0],
        )

    def _spec(self, name: str) -> ToolSpec:
        return next(spec for spec in self.specs if spec.name == name)

    def _settle(self, config: RunnableConfig | None) -> None:
        if self.plans is not None:
            thread = ((config or {}).get("configurable") or {}).get("thread_id")
            try:
                self.plans.settle(thread=thread)
            except Exception:  # feedback never breaks the run
                log.exception("a plan was not settled")
