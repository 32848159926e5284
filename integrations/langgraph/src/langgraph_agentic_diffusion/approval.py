"""Approval: a person approves, edits or rejects a plan before it is acted upon."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Final, Generic, Literal, Self, TypeVar, final

from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Candidate, Plan, Record, Verdict
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.types import interrupt
from pydantic import model_validator

from langgraph_agentic_diffusion.state import look, plain, plain_plan, read_plan

Q = TypeVar("Q")
V = TypeVar("V")

APPROVAL: Final = "agentic_diffusion.approval"
"""The `type` of the value that the interrupt shows."""


class Decision(Record, Generic[Q, V]):
    """What a person says about a plan.

    Args:
        action: `approve`; `edit`, with either a new request (it is planned again) or a value (it is taken as the
            plan); or `reject`.
        request: The edited request.
        value: The edited value of the plan.
        reason: Why, for the record.
    """

    action: Literal["approve", "edit", "reject"]
    request: Q | None = None
    value: V | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        edits = (self.request is not None) + (self.value is not None)
        if edits != (1 if self.action == "edit" else 0):
            raise ValueError(
                f"{self.action} with {edits} edit(s): edit takes a request or a value, the others neither"
            )
        return self


@final
@dataclass(frozen=True, eq=False)
class ApprovalNode(Runnable[Any, dict[str, Any]]):
    """A node that interrupts the graph until a person has decided on the plan; needs a checkpointer.

    The interrupt carries the plan without the candidates that were not chosen, and the JSON schema of `schema`. An
    answer that does not fit the schema raises pydantic's `ValidationError` and leaves the interrupt open.
    Answer with a plain dict: `Command(resume={"action": "approve"})`.

    Args:
        schema: The form of the answer, in terms of the planner's request and value.
        plan_type: The type of the plan.
        request_key: Where the state keeps the request.
        plan_key: Where the state keeps the plan.
        decision_key: Where the state keeps the decision.
    """

    _: KW_ONLY
    schema: type[Decision[Any, Any]] = Decision[Reach, Trajectory]
    plan_type: type[Plan[Any, Any]] = Plan[Reach, Trajectory]
    request_key: str = "request"
    plan_key: str = "plan"
    decision_key: str = "decision"

    def invoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """Ask, and return the update that the answer makes.

        Args:
            input: The state of the graph.
            config: Unused.

        Raises:
            InvalidStateError: The state holds no plan.
            pydantic.ValidationError: The answer does not fit; ask again with another.
        """
        plan = read_plan(input, self.plan_type, key=self.plan_key)
        shown = plain_plan(plan, keep=1)
        del shown["considered"]
        decision = interrupt({"type": APPROVAL, "plan": shown}, response_schema=self.schema)
        return self._update(plan, decision)

    async def ainvoke(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None
    ) -> dict[str, Any]:
        """See `invoke`; nothing here takes time.

        Args:
            input: The state of the graph.
            config: Unused.
        """
        return self.invoke(input, config)

    def _update(self, plan: Plan[Any, Any], decision: Decision[Any, Any]) -> dict[str, Any]:
        approved = decision.action == "approve" or decision.value is not None
        said = {"action": decision.action, "reason": decision.reason, "approved": approved}
        update: dict[str, Any] = {self.decision_key: said}
        if decision.request is not None:
            update[self.request_key] = plain(decision.request)
        if decision.value is not None:
            update[self.plan_key] = plain_plan(_edited(plan, decision))
        return update


def _edited(plan: Plan[Any, Any], decision: Decision[Any, Any]) -> Plan[Any, Any]:
    """Return the plan with the person's value, on the person's word: no verifier has seen it."""
    verdict = Verdict(passed=True, score=0.0, evidence={"judge": "person", "reason": decision.reason})
    chosen = Candidate(value=decision.value, verdict=verdict)
    return plan.model_copy(update={"chosen": chosen, "confidence": 1.0})


def is_approved(state: object, *, key: str = "decision") -> bool:
    """Whether a person approved the plan in the state, as it was or with a value of their own.

    Args:
        state: The state of the graph.
        key: Where the decision is kept.
    """
    decision = look(state, key)
    return bool(decision) and decision["approved"] is True


def needs_replan(state: object, *, key: str = "decision") -> bool:
    """Whether a person edited the request, so that it must be planned again; made for a conditional edge.

    Args:
        state: The state of the graph.
        key: Where the decision is kept.
    """
    decision = look(state, key)
    return bool(decision) and decision["action"] == "edit" and not decision["approved"]
