"""The desk: takes requests from clients, has them planned in threads within limits, and remembers the plans."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, final
from uuid import uuid4

from agentic_diffusion.errors import BudgetError, InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import DenoiseEvent, Outcome, Plan
from pydantic_core import to_json

from agentic_diffusion_mcp.answers import Answer, Explanation, Receipt, answer, explanation
from agentic_diffusion_mcp.limits import ServerLimits

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Learns, Plans

Tell: TypeAlias = Callable[["DenoiseEvent | None"], Awaitable[None]]
"""Told how far a plan is; None before its first step, and while it waits for its turn."""

log = logging.getLogger(__name__)

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
        at_once: Plans made at the same time, for a planner that serves many callers together such as a `Batcher`;
            when left out it takes turns with the other organs, within `ServerLimits.at_once`.
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
    at_once: int | None = None

    def __post_init__(self) -> None:
        if self.at_once is not None and self.at_once < 1:
            raise InvalidConfigError(
                f"at_once={self.at_once} of {self.name!r}", "at least 1", "Leave it out to take turns."
            )


@dataclass(eq=False)
class _Visit:
    """One request on its way: since when, how far, and whether its client is still there."""

    seconds: float
    came: float = field(default_factory=time.monotonic)
    begun: bool = False
    latest: DenoiseEvent | None = None
    gone: threading.Event = field(default_factory=threading.Event)

    def keep(self, event: DenoiseEvent) -> None:
        self.latest = event

    def budget(self, most: float) -> Budget:
        """Give what is left of the client's time, at most `most` seconds."""
        left = max(self.seconds - (time.monotonic() - self.came), 1e-6)
        return Budget(milliseconds=1000 * min(left, most), stop=self.gone.is_set)


@dataclass(eq=False)
class _Turns:
    """Plans that are made at the same time, at most `most`, and how many requests are in work or waiting for a turn."""

    most: int
    inside: int = 0

    def __post_init__(self) -> None:
        self.free = asyncio.Semaphore(self.most)

    def left(self, work: asyncio.Future[Plan[Any, Any]]) -> None:
        """Count one request less; what went wrong after its client had left is for the log."""
        self.inside -= 1
        if not work.cancelled() and (error := work.exception()) is not None:
            log.debug("a request ended with %r", error)


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
        shared = _Turns(limits.at_once)
        self._turns = {organ: shared if organ.at_once is None else _Turns(organ.at_once) for organ in organs}
        most = sum(turns.most for turns in {shared, *self._turns.values()})
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="agentic-diffusion-mcp")

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

        A turn is free again when the thread has ended, not when its client has left.

        Args:
            organ: Who plans.
            request: What to plan for.
            seed: The same seed gives the same answer.
            seconds: Deadline from now on, waiting included; the plan itself takes at most what the limits say.
            tell: Told about progress by wall clock, whether or not there was any.

        Raises:
            InvalidStateError: The request is too large or impossible.
            BudgetError: Too many requests are waiting already.
        """
        self._check(request, seconds)
        turns = self._turns[organ]
        if turns.inside >= turns.most + self.limits.waiting:
            raise BudgetError(
                f"{turns.inside} requests at once",
                f"at most {turns.most} in work and {self.limits.waiting} waiting",
                "Ask again in a moment.",
            )
        asked = organ.to_request(request)
        visit = _Visit(seconds or math.inf)
        turns.inside += 1
        work = asyncio.ensure_future(self._turn(organ, asked, visit, seed=seed))
        work.add_done_callback(turns.left)
        try:
            while not (await asyncio.wait([work], timeout=self.limits.beat_seconds))[0]:
                if tell is not None:
                    await tell(visit.latest)
            plan = work.result()
        finally:
            visit.gone.set()
            if not visit.begun:
                work.cancel()
        name = self._shelves[organ].put(plan)
        return answer(name, plan, withhold=organ.withhold)

    async def _turn(self, organ: Organ, request: Any, visit: _Visit, *, seed: int) -> Plan[Any, Any]:
        """Wait for a turn, then plan in a thread; the turn is kept until the thread has ended."""
        async with self._turns[organ].free:
            visit.begun = True
            plan = partial(
                organ.planner.plan,
                request,
                seed=seed,
                budget=visit.budget(self.limits.plan_seconds),
                watch=visit.keep,
            )
            context = contextvars.copy_context()
            return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, plan)

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
            evidence: Plain facts that support it; `steps` is left out, for only whoever watched the calls can tell it.
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
            evidence={**{key: fact for key, fact in told.items() if key != "steps"}, "plan": plan_id},
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
