"""Arguments and order: where the value of each argument comes from, and which step waits for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.picking import picked
from agentic_diffusion.planning.domains.toolplan.requests import ToolPlan, ToolRequest
from agentic_diffusion.planning.domains.toolplan.schemas import Shape
from agentic_diffusion.records import Argument, Given, Open, PlanStep, Quoted, Result, ToolSpec

Told: TypeAlias = dict[tuple[str, tuple[str, ...]], Mapping[str, Quoted | Given]]
"""What a goal was found to tell, by the tool and the arguments that were looked for."""


def bind(request: ToolRequest, plan: ToolPlan, catalogue: Catalogue, *, told: Told | None = None) -> ToolPlan:
    """Return the plan with its arguments bound as far as the request tells, and with what waits for what.

    An argument is bound, first to last, to an earlier step that gives a fact of its name; to a fact of that name; to
    the only value its schema allows; to text of the goal that its type, format, list of values or name picks out, each
    piece of text once in a step (see `picked`). What is left is open. Executed steps stay as they were.

    Args:
        request: What is asked.
        plan: The calls.
        catalogue: The tools.
        told: Kept from one plan of the request to the next: its goal is read once for each tool.
    """
    steps: list[PlanStep] = []
    told = {} if told is None else told
    tools = [catalogue.tools[catalogue.token(name)] for name in plan.tools]
    for place, tool in enumerate(tools):
        after = waits(tools[: place + 1])
        if place < len(request.done):
            arguments: Mapping[str, Argument] = request.done[place].arguments
        else:
            shapes = catalogue.shapes[catalogue.token(tool.name)]
            arguments = _arguments(request, tool, tools[:place], shapes=shapes, told=told)
        used = {each.step for each in arguments.values() if isinstance(each, Result) and each.step < place}
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


def _arguments(
    request: ToolRequest,
    tool: ToolSpec,
    before: Sequence[ToolSpec],
    *,
    shapes: Mapping[str, Shape],
    told: Told,
) -> dict[str, Argument]:
    asked = tool.arguments.get("required")
    required = set(map(str, asked)) if isinstance(asked, Sequence) else set()
    bound: dict[str, Argument | None] = {
        name: _result(name, before) or _fact(name, request) or _fixed(may) for name, may in shapes.items()
    }
    rest = tuple(name for name in shapes if bound[name] is None)
    if rest and (tool.name, rest) not in told:
        told[tool.name, rest] = picked(
            request.goal, tool, {name: shapes[name] for name in rest}, known=shapes
        )
    bound |= told[tool.name, rest] if rest else {}
    return {
        name: found or Open(type=shapes[name].kind, required=name in required)
        for name, found in bound.items()
    }


def _result(name: str, before: Sequence[ToolSpec]) -> Result | None:
    givers = [place for place, tool in enumerate(before) if name in tool.gives]
    return Result(step=givers[-1], key=name) if givers else None


def _fact(name: str, request: ToolRequest) -> Quoted | None:
    value = request.facts.get(name)
    if value is None:
        return None
    return Quoted(text=value if isinstance(value, str) else repr(value), key=name)


def _fixed(may: Shape) -> Given | None:
    return Given(value=may.choices[0]) if may.choices is not None and len(may.choices) == 1 else None
