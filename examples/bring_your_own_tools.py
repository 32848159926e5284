"""Bring your own tools: say what each needs and gives, and a graph plans, calls, observes and plans again.

No training and no key: the planner knows your tools by their words and their facts. Run it with
`python examples/bring_your_own_tools.py`.
"""

from typing import Any

from agentic_diffusion.planning.domains.toolplan import tool_planner
from agentic_diffusion.records import PlanStep
from langchain_core.tools import BaseTool, tool
from langgraph_agentic_diffusion import create_tool_plan_graph, known_arguments, tool_specs

CALLS: list[str] = []


@tool
def find_order(number: str) -> dict[str, str]:
    """Find an order by its number."""
    CALLS.append("find_order")
    return {"order": f"order {number}", "address": "1 Main Street"}


@tool
def refund(order: str, amount: float) -> dict[str, str]:
    """Give the money for an order back."""
    CALLS.append("refund")
    if CALLS.count("refund") == 1:
        raise ConnectionError("the bank does not answer")  # seen, and planned around
    return {"receipt": f"{amount:.2f} for {order}"}


@tool
def write_letter(receipt: str, address: str) -> str:
    """Send a letter with the receipt."""
    CALLS.append("write_letter")
    return f"sent to {address}: {receipt}"


FACTS: dict[str, dict[str, Any]] = {
    "find_order": {"gives": ["order", "address"], "reads": True},
    "refund": {"needs": ["order"], "gives": ["receipt"]},
    "write_letter": {"needs": ["receipt", "address"], "gives": ["letter"]},
}
"""What LangChain has no word for: the facts a tool needs, and those it gives."""


def fill(step: PlanStep, request: Any, results: Any) -> dict[str, Any]:
    """Give the arguments that the plan leaves open; your language model could do it."""
    told = known_arguments(step, request, results)
    if step.tool == "refund":
        told["amount"] = 12.5
    if step.tool == "find_order":
        told.setdefault("number", "A17")
    return told


def main() -> None:
    """Plan and act until the letter is sent, and print what happened."""
    tools: list[BaseTool] = [write_letter, refund, find_order]
    for made in tools:
        made.metadata = {"agentic_diffusion": FACTS[made.name]}
    planner = tool_planner(tool_specs(tools), slots=3, width=16, depth=1, count=32, goals=("letter",))
    graph = create_tool_plan_graph(planner, tools, fill=fill).compile()
    state = graph.invoke(
        {"messages": [{"role": "user", "content": "Refund order A17 and send the receipt."}]}
    )
    print(f"plans made: {state['rounds']}, calls: {', '.join(CALLS)}")
    print(state["messages"][-1].content)


if __name__ == "__main__":
    main()
