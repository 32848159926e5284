"""Proposals: plans read from whatever a chat model said, with nothing in them that nobody told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, final

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.toolplan import Catalogue, ToolPlan, ToolRequest, chain
from agentic_diffusion.planning.domains.toolplan.schemas import Shape, cast, fits
from agentic_diffusion.records import STEP_LIMIT, Argument, Given, PlanStep, Quoted, Result, clean_text
from pydantic import ValidationError

READ, STARTS, PLANS = 50_000, 64, 32
"""Characters of an answer that are read, places where JSON may begin, and plans that are looked at."""

SCHEMA: Final[dict[str, Any]] = {
    "title": "propose_plans",
    "description": "Candidate plans, the best first.",
    "type": "object",
    "properties": {
        "plans": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "steps": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "tool": {"type": "string"},
                                "arguments": {"type": "object"},
                                "after": {"type": "array", "items": {"type": "integer"}},
                            },
                            "required": ["tool"],
                        },
                    }
                },
                "required": ["steps"],
            },
        }
    },
    "required": ["plans"],
}
"""What a model with structured output is bound to."""


@final
@dataclass(frozen=True)
class Found:
    """What was found in an answer: plans, and how many things stood there that are none."""

    plans: Sequence[ToolPlan]
    strange: int


def read_plans(message: Any, request: ToolRequest, catalogue: Catalogue, *, free: bool = False) -> Found:
    """Return the plans in what a model said: in the arguments of a call, or as JSON in its text.

    A plan is an object with `steps`, or a list of steps; a step is an object with `tool`, or a name. Names are taken as
    they are, and the planner refuses those it does not know; a name that differs from one it knows by its case alone
    means that one.

    Args:
        message: The message, or its text.
        request: What was asked; plans begin with its executed steps.
        catalogue: The tools.
        free: Whether values of arguments may be what nobody told (see `_argument`).

    Raises:
        InvalidStateError: There is no JSON with plans in it, or none of them is one.
    """
    values = [*_values(message)]
    clear = [
        value for value in values if isinstance(value, Mapping) and _listed(value)
    ]  # before lists in prose
    told = next((plans for value in (*clear[-1:], *values) if (plans := _listed(value)) is not None), None)
    if told is None:
        raise InvalidStateError(
            "an answer of a chat model without plans in it",
            'a JSON object such as {"plans": [{"steps": [{"tool": "name"}]}]}',
            "Use a model that follows instructions, or structured=True with one that has structured output.",
        )
    made = [_plan(each, request, catalogue, free) for each in told[:PLANS]]
    plans = [plan for plan in made if plan is not None]
    if told and not plans:
        raise InvalidStateError(
            f"{len(told)} proposals of a chat model, none of them a plan",
            "plans whose steps are objects with the name of a tool",
            "Use a model that follows instructions, or structured=True with one that has structured output.",
        )
    return Found(plans, len(told) - len(plans))


def _values(message: Any) -> Iterator[Any]:
    """Yield all JSON that may hold the plans: arguments of calls first, then what stands in the text."""
    for call in getattr(message, "tool_calls", None) or ():
        yield call.get("args")
    said = message if isinstance(message, str) else getattr(message, "text", "")
    text = str(said)[:READ]
    decoder = json.JSONDecoder(parse_constant=_strange)
    place, starts = 0, 0
    while (begin := re.compile(r"[\[{]").search(text, place)) and starts < STARTS:
        try:
            value, place = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            place = begin.start() + 1
        else:
            yield value
        starts += 1


def _strange(name: str) -> NoReturn:
    raise ValueError(name)


def _listed(value: Any) -> list[Any] | None:
    """Return the plans in a value; None where it holds none."""
    if isinstance(value, Mapping):
        if isinstance(value.get("plans"), list):
            return list(value["plans"])
        return [value] if isinstance(value.get("steps"), list) else None
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(each, list) or (isinstance(each, Mapping) and "steps" in each) for each in value):
        return list(value)
    return [value] if all(_named(each) for each in value) else None


def _named(step: Any) -> str | None:
    """Return the name of the tool of a step, if it has one."""
    name = step.get("tool") if isinstance(step, Mapping) else step
    return name if isinstance(name, str) and name else None


def _plan(told: Any, request: ToolRequest, catalogue: Catalogue, free: bool) -> ToolPlan | None:
    """Return the plan that this says, behind the executed steps; None where it says none."""
    steps = told.get("steps") if isinstance(told, Mapping) else told
    done = len(request.done)
    if not isinstance(steps, list) or not steps or len(steps) + done > STEP_LIMIT:
        return None
    names = [name for step in steps if (name := _named(step)) is not None]
    if len(names) < len(steps):
        return None
    known = {name.casefold(): name for name in catalogue.tokens}
    tools = [name if name in catalogue.tokens else known.get(name.casefold(), name) for name in names]
    whole = [*(step.tool for step in request.done), *tools]
    try:
        usual = chain(*whole).steps
        ahead = [
            _step(step, place, whole, request=request, catalogue=catalogue, free=free) or usual[place]
            for place, step in enumerate(steps, start=done)
        ]
        return ToolPlan(steps=(*request.done, *ahead), done=done)
    except (ValidationError, InvalidStateError):
        return None


def _step(
    told: Any, place: int, tools: Sequence[str], *, request: ToolRequest, catalogue: Catalogue, free: bool
) -> PlanStep | None:
    """Return one step with what was said of its arguments and its order, as far as that holds; None for neither."""
    name, earlier = tools[place], tools[:place]
    if not isinstance(told, Mapping) or name not in catalogue.tokens:
        return None
    shapes = catalogue.shapes[catalogue.token(name)]
    given = told.get("arguments")
    arguments: dict[str, Argument] = {}
    for key, value in given.items() if isinstance(given, Mapping) else ():
        if key in shapes:
            said = _result(value, earlier, catalogue) or _argument(value, shapes[key], request, free)
            arguments |= {key: said} if said is not None else {}
    after = told.get("after")
    waits = (place - 1,) if place else ()
    if isinstance(after, list) and all(type(each) is int and 0 <= each < place for each in after):
        waits = tuple(sorted(set(after)))
    return PlanStep(tool=name, arguments=arguments, after=waits)


def _result(value: Any, earlier: Sequence[str], catalogue: Catalogue) -> Result | None:
    """Return the earlier result that a value names, if there is such a one."""
    step = value.get("step") if isinstance(value, Mapping) else None
    if type(step) is not int or not 0 <= step < len(earlier) or earlier[step] not in catalogue.tokens:
        return None
    key, gives = value.get("key"), catalogue.tools[catalogue.token(earlier[step])].gives
    return Result(step=step, key=key if isinstance(key, str) and key in gives else "")


def _argument(value: Any, shape: Shape, request: ToolRequest, free: bool) -> Argument | None:
    """Return where a value stands in the goal or among the facts; where nobody told it, only if values are free."""
    if isinstance(value, Mapping | list) and not free:
        return None
    for name, fact in request.facts.items():
        if type(fact) is type(value) and fact == value:
            return Quoted(text=value if isinstance(value, str) else repr(value), key=name)
    text = value if isinstance(value, str) else json.dumps(value)
    place = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", request.goal) if text.strip() else None
    if place is not None and fits(cast(text, shape), shape):
        return Quoted(text=text, start=place.start())
    fitting = cast(value, shape)
    if not free or value is None or not fits(fitting, shape):
        return None
    try:
        return Given(value=clean_text(fitting) if isinstance(fitting, str) else fitting)
    except ValueError:  # control characters, and what is no JSON
        return None
