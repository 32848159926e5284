"""Uses of tools: what learners are told of one call, which step of a plan it was, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

from agentic_diffusion.planning.shelf import plan_id
from agentic_diffusion.records import Record, Verdict
from langgraph.prebuilt.tool_node import ToolInvocationError
from langgraph.types import Command
from pydantic import Field, JsonValue

from langgraph_agentic_diffusion.state import look

Granularity: TypeAlias = Literal["call", "attempt"]
"""Whether a retried call is one outcome or several."""

MISCALLED: Final = ("Error invoking tool '", "Error: ToolInvocationError(")
"""How LangGraph begins its answer to a call with wrong arguments, which is no failure of the tool."""


class StepOf(Record):
    """Which step of which plan a call of a tool carries out.

    Args:
        plan: The id of the plan (see `plan_id`).
        step: The place of the step in the plan, counted from 0.
        request: What the plan was asked for, as plain JSON.
        seed: The seed of the plan.
        planner: The version of the planner.
    """

    plan: str = Field(min_length=1)
    step: int = Field(ge=0)
    request: JsonValue = None
    seed: int | None = None
    planner: str | None = None


class ToolUse(Record):
    """One call of a tool, as learners are told of it.

    Args:
        tool: The name of the tool.
        call: The id that the model, or the graph, gave the call.
        attempt: 1 for the first try of the call, counted on for each retry.
        thread: The conversation; None where there is none.
        run: The run of the graph, where there is no conversation.
        message: The id of the message that asked for the call: ids of calls may come again in another turn.
        digest: A hash of the arguments: equal arguments have equal digests.
        arguments: The arguments in the clear; None unless they were asked for.
        of: The step that the call carries out; None where no plan is known.
    """

    tool: str
    call: str
    attempt: int = Field(default=1, ge=1)
    thread: str | None = None
    run: str | None = None
    message: str | None = None
    digest: str
    arguments: dict[str, JsonValue] | None = None
    of: StepOf | None = None


@final
@dataclass(frozen=True)
class Call:
    """A call that has begun."""

    use: ToolUse
    scope: str
    began: float
    evidence: dict[str, JsonValue]


Judge: TypeAlias = Callable[[ToolUse, Any], Verdict]
"""Judges a call by what came back: a `ToolMessage`, a `Command`, a list of them, a plain value, or an exception."""

Attribute: TypeAlias = Callable[[Any, Mapping[str, Any]], StepOf | None]
"""Says which step a call carries out, from the state of the graph and the call."""


def by_status(use: ToolUse, result: Any) -> Verdict:
    """Pass what neither raised nor came back with the status `error`, also in a command; the score is 1 or 0."""
    failed = any(
        isinstance(part, BaseException) or look(part, "status") == "error" for part in _parts(result)
    )
    evidence: dict[str, JsonValue] = {"status": "error" if failed else "success"}
    if isinstance(result, BaseException):
        evidence["error"] = type(result).__name__
    return Verdict(passed=not failed, score=0.0 if failed else 1.0, evidence=evidence)


def miscalled(result: Any) -> bool:
    """Whether a call never reached its tool: its arguments were wrong."""
    return any(
        isinstance(part, ToolInvocationError)
        or (look(part, "status") == "error" and str(look(part, "content")).startswith(MISCALLED))
        for part in _parts(result)
    )


def _parts(result: Any) -> Iterator[Any]:
    """Yield what came back, piece by piece: a list has several, and so has the update of a command."""
    if isinstance(result, list | tuple):
        for part in result:
            yield from _parts(part)
    elif isinstance(result, Command):
        update = result.update
        yield from _parts(list(update.values()) if isinstance(update, Mapping) else update)
    else:
        yield result


def asked_in(state: Any, call: Mapping[str, Any]) -> str | None:
    """Return the id of the last message in the state that asks for this call; None where there is none."""
    messages = state if isinstance(state, list) else look(state, "messages") or []
    for message in reversed(messages):
        if any(made.get("id") == call.get("id") for made in getattr(message, "tool_calls", None) or ()):
            name = getattr(message, "id", None)
            return None if name is None else str(name)
    return None


def which_step(state: Any, call: Mapping[str, Any]) -> StepOf | None:
    """Return the step that the state names for a call, or the one that the last plan in its messages has for it."""
    return from_state(state, call) or from_messages(state, call)


def from_state(state: Any, call: Mapping[str, Any]) -> StepOf | None:
    """Read the step from `state["steps_of"][call id]`, where a graph wrote it as plain JSON."""
    found = (look(state, "steps_of") or {}).get(call.get("id"))
    return None if found is None else StepOf.model_validate(found)


def from_messages(state: Any, call: Mapping[str, Any]) -> StepOf | None:
    """Find the step in the last plan that a planning tool left in the messages.

    The first call of a tool after the plan is the first step ahead with that tool, the second the second, and so on;
    calls beyond the plan try its last such step again.
    """
    messages = state if isinstance(state, list) else look(state, "messages") or []
    places = [place for place, message in enumerate(messages) if _plan(message) is not None]
    if not places:
        return None
    plan = _plan(messages[places[-1]]) or {}
    tool = call.get("name")
    value = plan["chosen"]["value"]
    ahead = list(enumerate(value["steps"]))[int(value.get("done") or 0) :]
    steps = [step for step, made in ahead if made["tool"] == tool]
    calls = [
        made["id"]
        for message in messages[places[-1] + 1 :]
        for made in getattr(message, "tool_calls", ())
        if made["name"] == tool
    ]
    if not steps or call.get("id") not in calls:
        return None
    step = steps[min(calls.index(call.get("id")), len(steps) - 1)]
    return StepOf(plan=plan_id(plan), step=step, request=plan["request"], seed=plan["seed"])


def _plan(message: Any) -> dict[str, Any] | None:
    """Return the plan of steps with tools that a message carries."""
    plan = getattr(message, "artifact", None)
    if not isinstance(plan, dict) or not {"request", "seed", "chosen"} <= plan.keys():
        return None
    value = plan["chosen"].get("value")
    steps = value.get("steps") if isinstance(value, dict) else None
    fits = isinstance(steps, list) and all(isinstance(step, dict) and "tool" in step for step in steps)
    return plan if fits else None
