"""Tools: an agent asks for a plan, and says later how it went."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, NoReturn, TypeVar, final

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
from langgraph_agentic_diffusion import plain, plain_plan
from langgraph_agentic_diffusion.nodes import current_runtime
from langgraph_agentic_diffusion.progress import Progress
from pydantic import BaseModel, Field, InstanceOf

from langchain_agentic_diffusion.progress import progress_writer

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")

log = logging.getLogger(__name__)

LIMIT = 4000
"""Characters of a plan that the model is shown at most; the artifact holds all of it."""


class Goal(BaseModel):
    """What a plan of tool calls is for."""

    goal: str = Field(description="What is wanted, in plain words, with every name and number that matters.")


def goal_request(arguments: Goal) -> ToolRequest:
    """Return the request for a plan of tool calls."""
    return ToolRequest(goal=arguments.goal)


def as_request(arguments: BaseModel) -> Any:
    """Take the arguments of the tool as the request."""
    return arguments


def describe(value: Any) -> str:
    """Return the value of a plan for people and models: its steps one a line, or its JSON."""
    steps = getattr(value, "steps", None)
    if isinstance(steps, list | tuple):
        text = (
            "\n".join(f"{n}. {_step(plain(step))}" for n, step in enumerate(steps, 1)) or "No step is needed."
        )
    else:
        text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= LIMIT else f"{text[:LIMIT]} ... ({len(text)} characters in all)"


def _step(step: Any) -> str:
    if not isinstance(step, dict) or "tool" not in step:
        return json.dumps(step, ensure_ascii=False)
    arguments = {name: _argument(told) for name, told in (step.get("arguments") or {}).items()}
    return f"{step['tool']} {json.dumps(arguments, ensure_ascii=False) if arguments else ''}".rstrip()


def _argument(told: Any) -> Any:
    """Return where an argument of a tool plan comes from, in words; any other argument as it is."""
    match told:
        case {"kind": "given", "value": value}:
            return value
        case {"kind": "quoted", "text": text}:
            return text
        case {"kind": "result", "step": step, "key": key}:
            return f"<{key or 'result'} of step {step + 1}>"
        case {"kind": "open"}:
            return "<to be filled in>"
        case _:
            return told


def evidence(plan: Plan[Any, Any], name: str) -> str:
    """Return in one line what speaks for a plan: its id, verdict, confidence and how it was found."""
    verdict = plan.chosen.verdict
    return (
        f"Plan {name}: {'meets' if verdict.passed else 'DOES NOT meet'} the requirements, "
        f"{'the planner advises against it, ' if plan.abstained else ''}"
        f"confidence {plan.confidence:.2f}, score {verdict.score:.4g}, best of {len(plan.considered)}, "
        f"{plan.steps_done} of {plan.steps_asked} denoising steps ({plan.ending})."
    )


@final
class DiffusionPlanTool(BaseTool):
    """A tool that plans by denoising.

    The model reads the plan and one line of evidence; the artifact of the message is the whole `Plan` as plain JSON.
    In `ainvoke` the denoising runs in a thread, and cancelling the call stops it at its next step. Progress goes to
    the custom stream of the graph, or to callback handlers. Errors of planning are raised as they are, unless
    `handle_tool_error` is set: then the model reads what was given, what was expected and what to do.

    Args:
        planner: What plans.
        args_schema: The arguments that the model gives; `Goal` for plans of tool calls.
        to_request: Makes the request out of them; `goal_request` for plans of tool calls.
        seed: Equal requests with equal seeds have equal plans.
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
    budget: Budget = Field(default_factory=Budget, exclude=True, repr=False)
    describe: Callable[[Any], str] = Field(default=describe, exclude=True, repr=False)
    shelf: InstanceOf[PlanShelf] = Field(default_factory=PlanShelf, exclude=True, repr=False)  # type: ignore[type-arg]
    keep: int | None = Field(default=None, ge=1)

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
            lambda: self.to_request(self._typed(arguments)),
            seed=self.seed,
            budget=self.budget,
            gone=gone,
        )
        name = self.shelf.put(plan)
        return f"{evidence(plan, name)}\n{self.describe(plan.chosen.value)}", plain_plan(plan, keep=self.keep)

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
    ask: Callable[[], Q],
    *,
    seed: int,
    budget: Budget,
    gone: Callable[[], bool],
) -> Plan[Q, V]:
    """Plan for a tool: progress goes where it is listened to, and errors of the request to whoever should read them.

    Args:
        tool: Whose call it is.
        planner: What plans.
        ask: Makes the request.
        seed: Equal requests with equal seeds have equal plans.
        budget: Deadline, memory and stop.
        gone: Whether nobody waits any more.
    """
    runtime = current_runtime()
    progress = Progress(progress_writer(), runtime.heartbeat, gone=gone)

    def stop() -> bool:
        return gone() or runtime.drain_requested or budget.stop()

    try:
        plan = planner.plan(ask(), seed=seed, budget=replace(budget, stop=stop), watch=progress)
    except AgenticDiffusionError as error:
        refuse(tool, error)
    progress.close()
    return plan


def refuse(tool: BaseTool, error: AgenticDiffusionError) -> NoReturn:
    """Raise an error as the tool's user wants it: for the model to read, or as it is."""
    if tool.handle_tool_error:
        raise ToolException(str(error)) from error
    raise error
