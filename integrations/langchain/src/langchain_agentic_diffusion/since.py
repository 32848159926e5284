"""What was done and what failed since a goal was first planned for, read from the messages of a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from agentic_diffusion.planning.domains.toolplan import ToolPlanDomain, ToolRequest
from agentic_diffusion.records import Given, PlanStep, ToolSpec
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph_agentic_diffusion import Avoid, given_facts, plain
from langgraph_agentic_diffusion.calling import result_of
from langgraph_agentic_diffusion.uses import miscalled


@final
@dataclass(frozen=True)
class Since:
    """Changes a request by what became of calls since the last word of a person.

    Where the same goal was planned for before, calls that went well since then are done, and what they gave are facts;
    letters and spaces apart, the goal must be the same. Calls that were made after a plan for another goal are that
    goal's. Tools that failed too often are left out for any goal.

    Args:
        domain: Tools and slots of the planner.
        patience: Failures after which a tool is left out, as long as any are left.
    """

    domain: ToolPlanDomain
    patience: int = 2

    def __call__(self, request: ToolRequest, messages: Sequence[Any]) -> tuple[ToolRequest, int]:
        """Return the request, and how many calls for its goal have failed since it was first planned for."""
        turn = _turn(messages)
        goals, own = _goals(turn), _folded(request.goal)
        specs = self.domain.catalogue.tokens
        failures: dict[str, int] = {}
        facts, done, failed = dict(request.facts), list(request.done), 0
        for place, call, answer in _answered(turn):
            name = call["name"]
            if name not in specs:
                continue
            if answer.status == "error":
                missed = not miscalled(answer)
                failures[name] = failures.get(name, 0) + missed
                failed += missed and goals[place] == own
            elif goals[place] == own:
                step = PlanStep(tool=name, arguments={key: Given(value=v) for key, v in call["args"].items()})
                facts.update(plain(dict(given_facts(self._spec(name), step, result_of(answer.content)))))
                done.append(step)
        request = self._kept(request.model_copy(update={"facts": facts}), done)
        if any(count >= self.patience for count in failures.values()):
            request = Avoid(tuple(specs), self.patience)(request, failures)
        return request, failed

    def _kept(self, request: ToolRequest, done: Sequence[PlanStep]) -> ToolRequest:
        """Return the request with the newest of what is done, leaving room for a call; older ones come no more."""
        room = self.domain.slots - 1
        old, new = done[: max(0, len(done) - room)], done[max(0, len(done) - room) :]
        gone = {step.tool for step in old if not self._spec(step.tool).repeats}
        update: dict[str, Any] = {"done": tuple(new)}
        if gone:
            allowed = request.tools or tuple(self.domain.catalogue.tokens)
            update["tools"] = tuple(name for name in allowed if name not in gone) or allowed
        return request.model_copy(update=update)

    def _spec(self, name: str) -> ToolSpec:
        return self.domain.catalogue.tools[self.domain.catalogue.token(name)]


def _turn(messages: Sequence[Any]) -> Sequence[Any]:
    """Return the messages since the last word of a person."""
    places = [place for place, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return messages[places[-1] + 1 :] if places else messages


def _answered(messages: Sequence[Any]) -> Iterator[tuple[int, Mapping[str, Any], ToolMessage]]:
    """Yield the calls that were answered, in the order in which they were made, and where each was made."""
    answers = {m.tool_call_id: m for m in messages if isinstance(m, ToolMessage)}
    for place, message in enumerate(messages):
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["id"] in answers:
                yield place, call, answers[call["id"]]


def _goals(messages: Sequence[Any]) -> list[str | None]:
    """Return, for each message, the goal that was planned for last by then."""
    goals: list[str | None] = [None]
    for message in messages:
        new = _goal(message)
        goals.append(goals[-1] if new is None else new)
    return goals[1:]


def _goal(message: Any) -> str | None:
    """Return the goal of the plan that a message carries."""
    plan = getattr(message, "artifact", None)
    asked = plan.get("request") if isinstance(plan, Mapping) and "chosen" in plan else None
    return _folded(str(asked.get("goal", ""))) if isinstance(asked, Mapping) else None


def _folded(goal: str) -> str:
    """Return the words of a goal, whatever their case and what stands between them."""
    return " ".join("".join(c if c.isalnum() else " " for c in goal.casefold()).split())
