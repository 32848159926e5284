"""The desk: takes requests from clients, has them planned in threads within limits, and remembers the plans."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final
from uuid import uuid4

from agentic_diffusion.errors import BudgetError, InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import DenoiseEvent, Outcome, Plan
from pydantic_core import to_json

from agentic_diffusion_mcp.answers import Answer, Explanation, Receipt, answer, explanation
from agentic_diffusion_mcp.limits import ServerLimits

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Learns, Plans

Tell: TypeAlias = Callable[[DenoiseEvent], Awaitable[None]]
"""Told how far a plan is."""

MOST_EVIDENCE = 1 << 14
_LONGEST_NAME = 200


def same(request: Any) -> Any:
    """Take what a client says as the request."""
    return request


@final
@dataclass(frozen=True, eq=False)
class Organ:
    """Something that plans, as clients see it: one tool.

    Args:
        name: The tool's name.
        planner: Does the planning.
        request: The type of its requests, a pydantic model or anything pydantic can read; it gives the schema.
        about: What the tool is for, told to the model that calls it.
        learner: Takes in what came of its plans.
        trust: How far reports of clients are believed, in [0, 1].
        withhold: Whether a value that did not pass is kept from the client.
        to_request: Makes what the planner is asked out of what the client says; by default they are the same.
    """

    name: str
    planner: Plans[Any, Any] = field(repr=False)
    _: KW_ONLY
    request: Any
    about: str
    learner: Learns[Any, Any] | None = None
    trust: float = 0.5
    withhold: bool = False
    to_request: Callable[[Any], Any] = field(default=same, repr=False)


@final
class Desk:
    """Serves organs to clients.

    Args:
        organs: What plans.
        limits: What clients may ask.
    """

    def __init__(self, organs: Sequence[Organ], limits: ServerLimits) -> None:
        self.limits = limits
        self._shelves: dict[Organ, PlanShelf[Any, Any]] = {
            organ: PlanShelf(room=limits.plans_kept) for organ in organs
        }
        self._turns = asyncio.Semaphore(limits.at_once)
        self._inside = 0

    async def plan(
        self,
        organ: Organ,
        request: Any,
        *,
        seed: int = 0,
        seconds: float | None = None,
        tell: Tell | None = None,
    ) -> Answer:
        """Plan in a thread; cancelling this ends the thread at its next denoising step.

        Args:
            organ: Who plans.
            request: What to plan for.
            seed: The same seed gives the same answer.
            seconds: Deadline, at most that of the limits.
            tell: Told about progress by wall clock, whether or not there was any.

        Raises:
            InvalidStateError: The request is too large or impossible.
            BudgetError: Too many requests are waiting already.
        """
        self._check(request, seconds)
        if self._inside >= self.limits.at_once + self.limits.waiting:
            raise BudgetError(
                f"{self._inside} requests at once",
                f"at most {self.limits.at_once} in work and {self.limits.waiting} waiting",
                "Ask again in a moment.",
            )
        self._inside += 1
        try:
            asked = organ.to_request(request)
            async with self._turns:
                plan = await self._in_thread(organ, asked, seed=seed, seconds=seconds, tell=tell)
        finally:
            self._inside -= 1
        name = self._shelves[organ].put(plan)
        return answer(name, plan, withhold=organ.withhold)

    async def _in_thread(
        self, organ: Organ, request: Any, *, seed: int, seconds: float | None, tell: Tell | None
    ) -> Plan[Any, Any]:
        gone = threading.Event()
        latest: list[DenoiseEvent] = []
        limit = min(seconds or math.inf, self.limits.plan_seconds)
        budget = Budget(milliseconds=1000 * limit, stop=gone.is_set)
        work = asyncio.ensure_future(
            asyncio.to_thread(
                organ.planner.plan,
                request,
                seed=seed,
                budget=budget,
                watch=lambda event: _keep(latest, event),
            )
        )
        try:
            while not (await asyncio.wait([work], timeout=self.limits.beat_seconds))[0]:
                if tell is not None and latest:
                    await tell(latest[-1])
            plan = work.result()
        finally:
            gone.set()
        if tell is not None and latest:
            await tell(latest[-1])
        return plan

    def _check(self, request: Any, seconds: float | None) -> None:
        size = len(to_json(request))
        if size > self.limits.request_bytes:
            raise InvalidStateError(
                f"a request of {size} bytes", f"at most {self.limits.request_bytes}", "Ask for less at once."
            )
        if seconds is not None and not seconds > 0:
            raise InvalidStateError(f"seconds={seconds}", "a positive time", "Leave it out for the longest.")

    def report(
        self,
        plan_id: str,
        reward: float,
        *,
        evidence: dict[str, Any] | None = None,
        source: str = "client",
        outcome_id: str | None = None,
    ) -> Receipt:
        """Take in what came of a plan.

        Args:
            plan_id: The plan.
            reward: How well it went; higher is better.
            evidence: Plain facts that support it.
            source: Who says so.
            outcome_id: Names the outcome, so that telling it twice counts once.

        Raises:
            InvalidStateError: The plan is not known (any more), or what was told is no outcome.
        """
        plan, organ = self._find(plan_id)
        told = evidence or {}
        fits = math.isfinite(reward) and len(to_json(told)) <= MOST_EVIDENCE
        if not fits or max(len(source), len(outcome_id or "")) > _LONGEST_NAME or not source:
            raise InvalidStateError(
                f"reward={reward}, evidence of {len(to_json(told))} bytes, source of {len(source)} characters",
                f"a finite reward, evidence of at most {MOST_EVIDENCE} bytes, names of 1 to {_LONGEST_NAME} characters",
                "Send the facts that matter.",
            )
        outcome: Outcome[Any, Any] = Outcome(
            id=f"{plan_id}/{outcome_id or uuid4().hex}",
            request=plan.request,
            value=plan.chosen.value,
            reward=reward,
            evidence={**told, "plan": plan_id},
            source=f"mcp:{source}",
            trust=organ.trust,
            plan_seed=plan.seed,
        )
        if organ.learner is not None:
            organ.learner.learn(outcome)
        return Receipt(outcome_id=outcome.id, learned=organ.learner is not None, trust=organ.trust)

    def explain(self, plan_id: str) -> Explanation:
        """Say how a plan came about.

        Raises:
            InvalidStateError: The plan is not known (any more).
        """
        plan, _ = self._find(plan_id)
        return explanation(plan_id, plan)

    def _find(self, plan_id: str) -> tuple[Plan[Any, Any], Organ]:
        for organ, shelf in self._shelves.items():
            plan = shelf.get(plan_id)
            if plan is not None:
                return plan, organ
        raise InvalidStateError(
            f"plan_id={plan_id[:_LONGEST_NAME]!r}",
            f"the plan_id of one of the last {self.limits.plans_kept} plans of this server",
            "Plan again, and report with the plan_id of that answer.",
        )


def _keep(latest: list[DenoiseEvent], event: DenoiseEvent) -> None:
    latest[:] = [event]
