"""What is asked of a tool planner and what it answers: frozen, plain and JSON-able."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue, model_validator

from agentic_diffusion.records import STEP_LIMIT, Name, PlanStep, Record, Text


class ToolRequest(Record):
    """A request for a plan of tool calls.

    Args:
        goal: What is wanted, in plain words.
        tools: Names of the tools that may be called; empty for every tool of the planner.
        facts: What has been observed so far. A fact holds unless its value is None or False; what holds meets the
            `needs` of a tool, and names a value that arguments of the same name are bound to.
        done: Steps that were executed already; the plan begins with them.
    """

    goal: Text = ""
    tools: tuple[Name, ...] = ()
    facts: Mapping[Name, JsonValue] = Field(default_factory=dict)
    done: tuple[PlanStep, ...] = Field(default=(), max_length=STEP_LIMIT)


class ToolPlan(Record):
    """A plan of tool calls, in an order in which they can be made.

    Args:
        steps: The calls; the first `done` of them were executed before.
        done: How many steps were executed before the plan was made.
    """

    steps: tuple[PlanStep, ...] = Field(default=(), max_length=STEP_LIMIT)
    done: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> ToolPlan:
        for place, step in enumerate(self.steps):
            if any(before >= place for before in step.after):
                raise ValueError(
                    f"Got step {place} after {step.after}. Expected indices of earlier steps. "
                    "Order the steps so that each stands behind those it waits for."
                )
        if self.done > len(self.steps):
            raise ValueError(
                f"Got done={self.done} in a plan of {len(self.steps)} steps. Expected at most as many. "
                "Put the executed steps first."
            )
        return self

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools, in order."""
        return tuple(step.tool for step in self.steps)

    @property
    def ahead(self) -> tuple[PlanStep, ...]:
        """The steps that are still to be made."""
        return self.steps[self.done :]


def chain(*tools: str) -> ToolPlan:
    """Return the plan that calls these tools one after the other, with every argument left open."""
    steps = (PlanStep(tool=name, after=(place - 1,) if place else ()) for place, name in enumerate(tools))
    return ToolPlan(steps=tuple(steps))
