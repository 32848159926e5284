"""Tools: an agent asks for a plan, and says later how it went."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal, NoReturn, TypeVar, final

from agentic_diffusion.errors import AgenticDiffusionError, InvalidStateError
from agentic_diffusion.planning.budget import Budget, never
from agentic_diffusion.planning.domains.toolplan import ToolRequest
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.planning.planner import Learns, Plans
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import Outcome, Plan
from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.tools import BaseTool, ToolException
from langchain_core.tools.base import ArgsSchema
from langgraph.prebuilt import InjectedState
from langgraph_agentic_diffusion import plain, plain_plan
from langgraph_agentic_diffusion.nodes import current_runtime
from langgraph_agentic_diffusion.progress import Progress
from langgraph_agentic_diffusion.specs import domain_of
from pydantic import BaseModel, Field, InstanceOf, model_validator

from langchain_agentic_diffusion.progress import progress_writer
from langchain_agentic_diffusion.saying import describe, evidence
from langchain_agentic_diffusion.since import Since

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Goal(BaseModel):
    """What a plan of tool calls is for.

    Args:
        goal: The goal.
        messages: The conversation, which the agent puts in and no model is asked for.
    """

    goal: str = Field(
        description="What is wanted, in plain words, with every name and number that matters; the same words as before "
        "to plan on from what was done since."
    )
    messages: Annotated[Any, InjectedState("messages")] = Field(default=None, repr=False)


def goal_request(arguments: Goal) -> ToolRequest:
    """Return the request for a plan of tool calls."""
    return ToolRequest(goal=arguments.goal)


def as_request(arguments: BaseModel) -> Any:
    """Take the arguments of the tool as the request."""
    return arguments


@final
class DiffusionPlanTool(BaseTool):
    """A tool that plans by denoising.

    The model reads the plan and one line of evidence; the artifact of the message is the whole `Plan` as plain JSON.
    In `ainvoke` the denoising runs in a thread, and cancelling the call stops it at its next step. Progress goes to
    the custom stream of the graph, or to callback handlers. Errors of planning are raised as they are, unless
    `handle_tool_error` is set: then the model reads what was given, what was expected and what to do.

    In an agent a planner of tool calls plans on: where the same goal is planned for again in a turn, what was done
    since begins the plan, and tools that failed `patience` times are left out (see `since.Since`).

    Args:
        planner: What plans.
        args_schema: The arguments that the model gives; by default `Goal` for plans of tool calls, `Reach` otherwise.
        to_request: Makes the request out of them; `goal_request` goes with `Goal`.
        seed: Equal requests with equal seeds have equal plans; counted on for each failure that is planned around.
        patience: Failures in a turn after which a tool is left out of plans.
        budget: Deadline, memory and stop of each plan.
        describe: What the model reads of a plan's value.
        shelf: Where plans are kept for reports and for feedback.
        keep: How many candidates the artifact keeps, the chosen one among them; None keeps all. Checkpointers store
            artifacts.
    """

    name: str = "plan"
    description: str = (
        "Plan by denoising. Returns the best plan, whether it meets the requirements, and its id."
    )
    args_schema: ArgsSchema | None = Reach
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    planner: InstanceOf[Plans] = Field(exclude=True, repr=False)  # type: ignore[type-arg]
    to_request: Callable[[Any], Any] = Field(default=as_request, exclude=True, repr=False)
    seed: int = 0
    patience: int = Field(default=2, ge=1)
    budget: Budget = Field(default_factory=Budget, exclude=True, repr=False)
    describe: Callable[[Any], str] = Field(default=describe, exclude=True, repr=False)
    shelf: InstanceOf[PlanShelf] = Field(default_factory=PlanShelf, exclude=True, repr=False)  # type: ignore[type-arg]
    keep: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _fitting(cls, given: Any) -> Any:
        """Take a goal in words where the planner plans calls of tools."""
        if not isinstance(given, dict):
            return given
        told = dict(given)
        if domain_of(told.get("planner")) is not None:
            told.setdefault("args_schema", Goal)
        schema = told.get("args_schema")
        if isinstance(schema, type) and issubclass(schema, Goal):
            told.setdefault("to_request", goal_request)
        return told

    def _run(
        self, *, run_manager: CallbackManagerForToolRun | None = None, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        return self._plan(arguments, never)

    async def _arun(
        self, *, run_manager: AsyncCallbackManagerForToolRun | None = None, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        return await in_thread(lambda gone: self._plan(arguments, gone))

    def _plan(self, arguments: dict[str, Any], gone: Callable[[], bool]) -> tuple[str, dict[str, Any]]:
        plan = planned(
            self,
            self.planner,
            lambda: self._asked(self._typed(arguments)),
            budget=self.budget,
            gone=gone,
        )
        name = self.shelf.put(plan)
        return f"{evidence(plan, name)}\n{self.describe(plan.chosen.value)}", plain_plan(plan, keep=self.keep)

    def _asked(self, arguments: Any) -> tuple[Any, int]:
        """Return the request and the seed, changed by what became of calls since it was first planned for."""
        request, messages = self.to_request(arguments), getattr(arguments, "messages", None)
        domain = domain_of(self.planner)
        if domain is None or not messages or not isinstance(request, ToolRequest):
            return request, self.seed
        request, failed = Since(domain, self.patience)(request, messages)
        return request, self.seed + failed

    def _typed(self, arguments: dict[str, Any]) -> Any:
        schema = self.args_schema
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            return schema.model_validate(arguments)
        return arguments


class Report(BaseModel):
    """What became of a plan."""

    plan: str = Field(description="The id of the plan, as the planning tool gave it.", min_length=1)
    reward: float = Field(
        description="How well the plan worked: 1 for full success, 0 for failure.", ge=0.0, le=1.0
    )
    note: str = Field(default="", description="What happened, in a few words.", max_length=1000)


@final
class ReportOutcomeTool(BaseTool):
    """A tool that tells a learner how a plan went.

    What the learner raises is logged, and the model reads that its report was not noted: telling never ends a run.

    Args:
        learns: Is told; an evolver, or anything with the method `learn`.
        shelf: Where the planning tool keeps its plans.
        source: Who says so.
        trust: How far that is believed, in [0, 1]: the word of a model about its own work is not a measurement.
    """

    name: str = "report_outcome"
    description: str = "Report how well a plan worked after acting on it, so that later plans are better."
    args_schema: ArgsSchema | None = Report
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    learns: InstanceOf[Learns] = Field(exclude=True, repr=False)  # type: ignore[type-arg]
    shelf: InstanceOf[PlanShelf] = Field(exclude=True, repr=False)  # type: ignore[type-arg]
    source: str = Field(default="agent", min_length=1)
    trust: float = Field(default=0.5, ge=0.0, le=1.0)

    def _run(
        self,
        plan: str,
        reward: float,
        *,
        note: str = "",
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        found = self.shelf.get(plan)
        if found is None:
            refuse(
                self,
                InvalidStateError(
                    f"a report on the plan {plan!r}",
                    "the id of a plan that was made lately",
                    "Use the id in the first line of the plan, or make the plan again.",
                ),
            )
        outcome: Outcome[Any, Any] = Outcome(
            request=found.request,
            value=found.chosen.value,
            reward=reward,
            evidence={"plan": plan, "note": note},
            source=self.source,
            trust=self.trust,
            plan_seed=found.seed,
        )
        try:
            self.learns.learn(outcome)
        except Exception:  # feedback never breaks the run
            log.exception("a report on the plan %s was not learnt", plan)
            return f"Not noted: the report on plan {plan} could not be kept. Go on without it.", plain(
                outcome
            )
        return f"Noted: plan {plan} was worth {reward:g}.", plain(outcome)


async def in_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """Do work in a thread; when the call is cancelled, what it is given says so and the work ends at its next step."""
    gone = threading.Event()
    try:
        return await asyncio.to_thread(work, gone.is_set)
    finally:
        gone.set()


def planned(
    tool: BaseTool,
    planner: Plans[Q, V],
    ask: Callable[[], tuple[Q, int]],
    *,
    budget: Budget,
    gone: Callable[[], bool],
) -> Plan[Q, V]:
    """Plan for a tool: progress goes where it is listened to, and errors of the request to whoever should read them.

    Args:
        tool: Whose call it is.
        planner: What plans.
        ask: Makes the request, and the seed of the plan.
        budget: Deadline, memory and stop.
        gone: Whether nobody waits any more.
    """
    runtime = current_runtime()
    progress = Progress(progress_writer(), runtime.heartbeat, gone=gone)

    def stop() -> bool:
        return gone() or runtime.drain_requested or budget.stop()

    try:
        request, seed = ask()
        plan = planner.plan(request, seed=seed, budget=replace(budget, stop=stop), watch=progress)
    except AgenticDiffusionError as error:
        refuse(tool, error)
    progress.close()
    return plan


def refuse(tool: BaseTool, error: AgenticDiffusionError) -> NoReturn:
    """Raise an error as the tool's user wants it: for the model to read, or as it is."""
    if tool.handle_tool_error:
        raise ToolException(str(error)) from error
    raise error
