"""A chat model proposes plans at first; what worked is learned, and then hardly anything is left to ask it.

The words of the customers are not those of the tools, so an untaught planner is lost. A scripted model takes the place
of yours, so it runs without a key: `python examples/let_a_model_propose.py`.
"""

import json
from dataclasses import replace
from typing import Any

from agentic_diffusion import Recipe
from agentic_diffusion.planning.domains.toolplan import ToolRequest, ToolTraining, tool_planner
from agentic_diffusion.records import Outcome
from langchain_agentic_diffusion import ChatProposer
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph_agentic_diffusion import create_tool_plan_graph, tool_specs

TOOLS = {
    "crm_find": ("Resolve the customer record.", [], ["record"]),
    "rma_open": ("Authorise a return of merchandise.", ["record"], ["rma"]),
    "ledger_credit": ("Credit the ledger.", ["rma"], ["credit"]),
    "carrier_trace": ("Query the carrier.", ["record"], ["trace"]),
}
WANTED = {
    "The {} is broken, I want my money back": ["crm_find", "rma_open", "ledger_credit"],
    "I do not like the {}, take it back and pay me": ["crm_find", "rma_open", "ledger_credit"],
    "Where on earth is my {}?": ["crm_find", "carrier_trace"],
    "My {} has not arrived yet, where is it?": ["crm_find", "carrier_trace"],
}
BOUGHT, LATER = ("kettle", "lamp", "chair", "radio"), ("toaster", "mirror")


def make_tools() -> list[BaseTool]:
    """Return the four tools, described as their makers describe them."""

    def make(name: str, about: str, needs: list[str], gives: list[str]) -> BaseTool:
        return StructuredTool.from_function(
            lambda: {fact: f"{fact} of {name}" for fact in gives},
            name=name,
            description=about,
            metadata={"agentic_diffusion": {"needs": needs, "gives": gives}},
        )

    return [make(name, *told) for name, told in TOOLS.items()]


class Diary:
    """Keeps what came of whole plans; an evolver would stand here in earnest."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome[Any, Any]] = []

    def learn(self, outcome: Outcome[Any, Any]) -> None:
        """Write down what became of a plan."""
        self.outcomes.append(outcome)


def main() -> None:
    """Serve customers with the model's proposals, learn from what worked, and serve others."""
    plans = {goal.format(thing): plan for goal, plan in WANTED.items() for thing in (*BOUGHT, *LATER)}
    asked: list[str] = []

    def answer(messages: list[BaseMessage]) -> AIMessage:
        asked.append(json.loads(messages[-1].text)["goal"])
        steps = [{"tool": name} for name in plans[asked[-1]]]
        return AIMessage(f"I propose:\n{json.dumps({'plans': [{'steps': steps}]})}")

    model = ScriptedChatModel(script=[answer])  # yours
    tools, diary = make_tools(), Diary()
    specs = tool_specs(tools)
    planner = tool_planner(specs, slots=3, width=16, depth=1, propose=ChatProposer(model, specs))
    agent = create_tool_plan_graph(planner, tools, learns=diary).compile()
    first = [goal for goal in plans if not any(thing in goal for thing in LATER)]
    for goal in first:
        agent.invoke({"messages": [goal]})
    served = sum(list(told.value.tools) == plans[told.request.goal] for told in diary.outcomes)
    print(f"at first: {served} of {len(first)} customers served, the model was asked {len(asked)} times")

    worked = [(outcome.request, outcome.value) for outcome in diary.outcomes if outcome.reward == 1]
    training = ToolTraining(planner, worked, recipe=Recipe(steps=40), batch=8)
    for _ in training.run():
        pass
    taught = replace(training.planner, propose=None)
    far = taught.unfamiliar
    rarely = ChatProposer(model, specs, when=lambda request: far is None or far(request) > 1)
    asked.clear()
    later = [goal for goal in plans if goal not in first]
    made = [replace(taught, propose=rarely).plan(ToolRequest(goal=goal)).chosen.value.tools for goal in later]
    right = sum(list(tools) == plans[goal] for tools, goal in zip(made, later, strict=True))
    print(f"later: {right} of {len(later)} planned right, the model was asked {len(asked)} times")


if __name__ == "__main__":
    main()
