"""Turns of a tool graph: how a run begins, whether a plan may be carried out, what is next, and how the run ends."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

from agentic_diffusion.planning.domains.toolplan import ToolRequest
from langchain_core.messages import AIMessage, HumanMessage

from langgraph_agentic_diffusion.arguments import Missing
from langgraph_agentic_diffusion.calling import ToolPlanRecord
from langgraph_agentic_diffusion.state import look, plain, read_plan

GO_ON: Final = "go on"
REPLAN: Final = "plan again"
OVER: Final = "over"

SAID: Final = 500
"""Characters of each result in the last message."""

Ended: TypeAlias = Literal[
    "", "done", "missing arguments", "no plan", "advised against", "unfamiliar", "rounds spent"
]
"""Why a run ended: the request is fulfilled; required arguments are open; no plan meets the requirements; the planner
advises against its plan; the request is too unlike what it has seen; no further plan may be made."""


def written(request: ToolRequest) -> dict[str, Any]:
    """Return the update that keeps a request, with a mark by which one that somebody else gives later is known."""
    told = plain(request)
    return {"request": told, "written": _mark(told)}


def begin(state: Any) -> dict[str, Any]:
    """Forget an earlier run on the same thread, and find what is asked for now.

    A request that is not the one the graph itself left in the state is new, and wins. Otherwise the last word of a
    person is the goal, as it is for a request without a goal. What the last request that somebody gave allows to be
    called holds until another is given, whatever the graph has left out of it since.
    """
    fresh: dict[str, Any] = {
        "rounds": 0,
        "results": {},
        "failures": {},
        "steps_of": {},
        "missing": [],
        "done": False,
        "ending": "",
        "next": GO_ON,
    }
    messages = look(state, "messages") or []
    last = messages[-1] if messages else None
    asked = look(state, "request")
    left = look(state, "rounds") is not None and look(state, "written") in (None, _mark(asked))
    if isinstance(last, HumanMessage) and (asked is None or left):
        return fresh | written(ToolRequest(goal=str(last.text), tools=look(state, "allowed") or ()))
    if not left:
        fresh["allowed"] = plain(look(asked, "tools") or ())
    if isinstance(last, HumanMessage) and not look(asked, "goal"):
        return fresh | written(ToolRequest.model_validate({**plain(asked), "goal": str(last.text)}))
    return {**fresh, "written": _mark(asked)}


def rounds_of(state: Any) -> int:
    """Return how many plans were made in this run."""
    return look(state, "rounds") or 0


def what_next(state: Any, max_rounds: int) -> str:
    """Return what follows from the last observation, as long as plans may be made."""
    told: str = look(state, "next")
    return OVER if told == REPLAN and rounds_of(state) >= max_rounds else told


def against(state: Any, max_unfamiliar: float = math.inf) -> Ended | None:
    """Return what speaks against carrying out the plan in the state; None where nothing does.

    Args:
        state: The state of the graph.
        max_unfamiliar: The farthest that a request may lie from what the planner has seen.
    """
    plan = read_plan(state, ToolPlanRecord)
    if not plan.chosen.verdict.passed or not plan.chosen.value.ahead:
        return "no plan"
    if plan.abstained:
        return "advised against"
    return "unfamiliar" if (plan.unfamiliar or 0.0) > max_unfamiliar else None


def finish(state: Any, max_unfamiliar: float = math.inf) -> dict[str, Any]:
    """Say what was done, and what was not and why, for whoever asked in words."""
    request = ToolRequest.model_validate(look(state, "request"))
    results = look(state, "results") or {}
    steps = [
        f"{place + 1}. {step.tool}: {json.dumps(results.get(str(place)), ensure_ascii=False)[:SAID]}"
        for place, step in enumerate(request.done)
    ]
    failures = look(state, "failures") or {}
    failed = [f"{name} failed {count} times" for name, count in sorted(failures.items())]
    if look(state, "done"):
        ending: Ended = "done"
    elif look(state, "missing"):
        ending = "missing arguments"
    else:
        ending = against(state, max_unfamiliar) or "rounds spent"
    lines = ["Done." if ending == "done" else "Not done.", *steps, *failed, *_reasons(state, ending)]
    return {"ending": ending, "messages": [AIMessage("\n".join(lines))]}


def _reasons(state: Any, ending: Ended) -> Iterator[str]:
    """Yield what there is to say of an ending."""
    plan = read_plan(state, ToolPlanRecord)
    if ending == "missing arguments":
        for each in look(state, "missing"):
            lack = Missing.model_validate(each)
            yield f"Not called: step {lack.step + 1}, {lack.tool}, for its argument {lack.argument!r}: {lack.why}."
        yield "Say it in the goal (in quotes where it is text), or give the graph a `fill` that knows it."
    elif ending == "no plan":
        faults = plan.chosen.verdict.evidence.get("faults")
        told = "; ".join(map(str, faults)) if isinstance(faults, list | tuple) else ""
        yield f"No plan meets the requirements: {told or 'the best one calls nothing or did not pass'}."
    elif ending == "advised against":
        yield f"The planner advises against its plan (confidence {plan.confidence:.2f})."
    elif ending == "unfamiliar":
        yield f"The request is unlike what the planner has seen (distance {plan.unfamiliar or 0.0:.2f})."
    elif ending == "rounds spent":
        yield f"No further plan may be made ({rounds_of(state)} were)."
    if ending in ("done", "no plan") and not plan.complete:
        yield f"The last plan is the best of an early end of planning ({plan.ending})."


def _mark(request: Any) -> str:
    """Return a mark of a request as it stands in a state."""
    text = json.dumps(plain(request), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
