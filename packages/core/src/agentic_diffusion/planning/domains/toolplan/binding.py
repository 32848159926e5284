"""Arguments and order: where the value of each argument comes from, and which step waits for which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.records import Argument, Given, Open, PlanStep, Quoted, Result, ToolSpec

PATTERNS: Mapping[str, str] = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "uri": r"https?://[^\s<>\"']+",
    "date": r"\b\d{4}-\d{1,2}-\d{1,2}\b",
    "time": r"\b\d{1,2}:\d{2}(?:\s?[ap]\.?m\.?)?",
    "integer": r"(?<![\w.:-])-?\d+(?![\w:-]|\.\d)",
    "number": r"(?<![\w.:-])-?\d+(?:\.\d+)?(?![\w:-])",
}
"""What a value of a format or type looks like in plain words."""

_QUOTES = re.compile(r"[\"“]([^\"”]{1,200})[\"”]|(?<!\w)'([^']{1,200})'(?!\w)")
_CODE = re.compile(r"\b(?=[\w-]*\d)[\w-]{3,40}\b")


def bind(request: ToolRequest, plan: ToolPlan, catalogue: Catalogue) -> ToolPlan:
    """Return the plan with its arguments bound as far as the request tells, and with what waits for what.

    An argument is bound, first to last, to an earlier step that gives a fact of its name; to a fact of that name; to
    the only value its schema allows; to text of the goal that its type, format or list of values picks out, each
    piece of text once in a step. What is left is open. Executed steps stay as they were.
    """
    steps: list[PlanStep] = []
    tools = [catalogue.tools[catalogue.token(name)] for name in plan.tools]
    for place, tool in enumerate(tools):
        after = waits(tools[: place + 1])
        if place < len(request.done):
            arguments: Mapping[str, Argument] = request.done[place].arguments
        else:
            arguments = _arguments(request, tool, tools[:place])
        used = {told.step for told in arguments.values() if isinstance(told, Result) and told.step < place}
        steps.append(PlanStep(tool=tool.name, arguments=arguments, after=tuple(sorted(used | set(after)))))
    return ToolPlan(steps=tuple(steps), done=min(len(request.done), len(steps)))


def waits(tools: Sequence[ToolSpec]) -> tuple[int, ...]:
    """Return what the last of these tools waits for.

    A step that changes something waits for all before it; one that only reads waits for the last change and for
    the last step that gives each fact it needs. What those wait for is not repeated.
    """
    *before, last = tools
    changes = [place for place, tool in enumerate(before) if not tool.reads]
    floor = changes[-1] if changes else -1
    if not last.reads:
        reads = range(floor + 1, len(before))
        return tuple(reads) or ((floor,) if floor >= 0 else ())
    givers = {
        max(places)
        for fact in last.needs
        if (places := [place for place, tool in enumerate(before) if fact in tool.gives])
    }
    late = sorted(place for place in givers if place > floor)
    return tuple(late) or ((floor,) if floor >= 0 else ())


def _arguments(request: ToolRequest, tool: ToolSpec, before: Sequence[ToolSpec]) -> dict[str, Argument]:
    properties = tool.arguments.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    asked = tool.arguments.get("required")
    required = set(map(str, asked)) if isinstance(asked, Sequence) else set()
    taken: set[int] = set()
    bound: dict[str, Argument] = {}
    for name, told in properties.items():
        schema: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        found = _result(name, before) or _fact(name, request) or _fixed(schema)
        if found is None:
            found = _quoted(name, schema, request.goal, taken)
        kind = schema.get("type")
        kind = kind if isinstance(kind, str) else "any"
        bound[name] = found or Open(type=kind, required=name in required)
    return bound


def _result(name: str, before: Sequence[ToolSpec]) -> Result | None:
    givers = [place for place, tool in enumerate(before) if name in tool.gives]
    return Result(step=givers[-1], key=name) if givers else None


def _fact(name: str, request: ToolRequest) -> Quoted | None:
    value = request.facts.get(name)
    if value is None:
        return None
    return Quoted(text=value if isinstance(value, str) else repr(value), key=name)


def _fixed(schema: Mapping[str, Any]) -> Given | None:
    if "const" in schema:
        return Given(value=schema["const"])
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and not isinstance(choices, str) and len(choices) == 1:
        return Given(value=choices[0])
    return None


def _quoted(name: str, schema: Mapping[str, Any], goal: str, taken: set[int]) -> Quoted | Given | None:
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and not isinstance(choices, str):
        told = [choice for choice in choices if isinstance(choice, str) and _stands(choice, goal)]
        return Given(value=told[0]) if len(told) == 1 else None
    for text, start in _spans(name, schema, goal):
        if start not in taken:
            taken.add(start)
            return Quoted(text=text, start=start)
    return None


def _stands(choice: str, goal: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", goal, re.IGNORECASE) is not None


def _spans(name: str, schema: Mapping[str, Any], goal: str) -> Iterable[tuple[str, int]]:
    """Yield text of the goal that could be this argument, likeliest first."""
    kind, lowered = schema.get("format") or schema.get("type"), name.lower()
    for word in ("email", "date", "time"):
        kind = word if word in lowered and kind in ("string", None) else kind
    pattern = PATTERNS.get("uri" if "url" in lowered else str(kind))
    if pattern is not None:
        yield from ((found.group(), found.start()) for found in re.finditer(pattern, goal))
    elif kind == "string" and re.search(r"(?:^|_)(?:id|code|number|no)$", lowered):
        yield from ((found.group(), found.start()) for found in _CODE.finditer(goal))
    elif kind == "string":
        for found in _QUOTES.finditer(goal):
            group = 1 if found.group(1) is not None else 2
            yield found.group(group), found.start(group)
