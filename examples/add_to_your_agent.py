"""Add a diffusion planner to an agent, and let what becomes of its tools flow back: three lines, marked below.

A scripted model takes the place of yours, so it runs without a key: `python examples/add_to_your_agent.py`.
"""

from typing import Any

from agentic_diffusion.planning.domains.toolplan import tool_planner
from agentic_diffusion.records import Outcome
from langchain.agents import create_agent
from langchain_agentic_diffusion import DiffusionPlanTool, Goal, OutcomeFeedbackMiddleware, goal_request
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langgraph_agentic_diffusion import Background, ToolFeedback, ToolUse, tool_specs


@tool
def weather(city: str) -> str:
    """Look up the weather of a city."""
    return f"sunny in {city}"


@tool
def book(city: str) -> str:
    """Book a hotel in a city."""
    if city == "Atlantis":
        raise ValueError("no hotels under water")
    return f"a room in {city}"


class Diary:
    """Any `Learns`: an evolver, a memory, or this."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome[Any, ToolUse]] = []

    def learn(self, outcome: Outcome[Any, ToolUse]) -> None:
        """Write down what became of a call."""
        self.outcomes.append(outcome)


def script() -> list[Any]:
    """Return what the model says: it asks for a plan, and follows it until the end."""

    def follow(messages: list[BaseMessage]) -> AIMessage:
        steps = next(m for m in messages if m.type == "tool").artifact["chosen"]["value"]["steps"]
        calls = [
            {"name": step["tool"], "args": {"city": "Rome"}, "id": f"step {n}"}
            for n, step in enumerate(steps)
        ]
        return AIMessage("", tool_calls=calls)

    ask = {"name": "plan", "args": {"goal": "a hotel in Rome when the weather is fine"}, "id": "ask"}
    return [AIMessage("", tool_calls=[ask]), follow, "Your room in sunny Rome is booked."]


def main() -> None:
    """Run one turn and print what the learner was told."""
    model, tools, diary = ScriptedChatModel(script=script()), [weather, book], Diary()
    planner = tool_planner(tool_specs(tools), slots=2, width=16, depth=1, seed=1)

    plan = DiffusionPlanTool(planner=planner, args_schema=Goal, to_request=goal_request)  # 1
    feedback = OutcomeFeedbackMiddleware(ToolFeedback(learner := Background(diary)))  # 2
    agent = create_agent(model, [plan, *tools], middleware=[feedback])  # 3

    state = agent.invoke({"messages": [{"role": "user", "content": "A hotel in Rome, if it is sunny."}]})
    learner.flush()
    for message in state["messages"]:
        message.pretty_print()
    for outcome in diary.outcomes:
        use = outcome.value
        step = "no step of a plan" if use.of is None else f"step {use.of.step + 1} of plan {use.of.plan}"
        print(f"told: {use.tool} was worth {outcome.reward:g}, {step}")


if __name__ == "__main__":
    main()
