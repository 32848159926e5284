"""Add a diffusion planner to an agent, and let what becomes of its tools flow back: three lines, marked below.

A scripted model takes the place of yours, so it runs without a key: `python examples/add_to_your_agent.py`.
"""

from typing import Any

from agentic_diffusion.planning.domains.toolplan import tool_planner
from agentic_diffusion.records import Outcome
from langchain.agents import create_agent
from langchain_agentic_diffusion import DiffusionPlanTool, OutcomeFeedbackMiddleware
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import ToolException, tool
from langgraph_agentic_diffusion import Background, ToolFeedback, ToolUse, tool_specs


@tool
def weather(city: str) -> str:
    """Look up the weather of a city."""
    return f"sunny in {city}"


@tool
def grand_hotel(city: str) -> str:
    """Book a room in the grand hotel of a city."""
    raise ToolException("the grand hotel is full")


@tool
def harbour_hotel(city: str) -> str:
    """Book a room in the harbour hotel of a city."""
    return f"a room in {city}"


ROOM = {"gives": ["room"]}
for hotel in (grand_hotel, harbour_hotel):
    hotel.metadata = {"agentic_diffusion": ROOM}
    hotel.handle_tool_error = True  # the model reads what went wrong, and so does the next plan


class Diary:
    """Any `Learns`: an evolver, a memory, or this."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome[Any, ToolUse]] = []

    def learn(self, outcome: Outcome[Any, ToolUse]) -> None:
        """Write down what became of a call."""
        self.outcomes.append(outcome)


def script() -> list[Any]:
    """Return what the model says: it asks for a plan, makes its next call, and asks again until there is a room."""

    def ask(messages: list[BaseMessage]) -> AIMessage:
        goal = {"goal": "book a room in the grand hotel in Rome"}
        return AIMessage("", tool_calls=[{"name": "plan", "args": goal, "id": f"ask {len(messages)}"}])

    def follow(messages: list[BaseMessage]) -> AIMessage:
        value = next(m for m in reversed(messages) if m.name == "plan").artifact["chosen"]["value"]
        call = {"name": value["steps"][value["done"]]["tool"], "args": {"city": "Rome"}}
        return AIMessage("", tool_calls=[{**call, "id": f"call {len(messages)}"}])

    return [ask, follow, ask, follow, ask, follow, "Your room in Rome is booked."]


def main() -> None:
    """Run one turn and print what the learner was told."""
    model, tools, diary = ScriptedChatModel(script=script()), [weather, grand_hotel, harbour_hotel], Diary()
    planner = tool_planner(tool_specs(tools), slots=1, width=16, depth=1, goals=("room",))

    plan = DiffusionPlanTool(planner=planner)  # 1
    feedback = OutcomeFeedbackMiddleware(ToolFeedback(learner := Background(diary)))  # 2
    agent = create_agent(model, [plan, *tools], middleware=[feedback])  # 3

    state = agent.invoke({"messages": [{"role": "user", "content": "A room in Rome, in the grand hotel."}]})
    learner.flush()
    for message in state["messages"]:
        message.pretty_print()
    for outcome in diary.outcomes:
        use = outcome.value
        step = "no step of a plan" if use.of is None else f"step {use.of.step + 1} of plan {use.of.plan}"
        print(f"told: {use.tool} was worth {outcome.reward:g}, {step}")


if __name__ == "__main__":
    main()
