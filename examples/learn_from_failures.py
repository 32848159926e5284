"""Tools fail; what became of every call flows back and tilts the next plan: first without feedback, then with it.

The learner is `ToolTrust`, one Beta posterior for each tool: no language model, no GPU. It takes half a minute:
`python examples/learn_from_failures.py`.
"""

import random
from typing import Any

from agentic_diffusion.planning.domains.toolplan import ToolPlanner, ToolTrust, tool_planner
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph.state import CompiledStateGraph
from langgraph_agentic_diffusion import create_tool_plan_graph, tool_specs

WORKS = {"fetch_north": 0.3, "fetch_south": 0.5, "fetch_west": 0.9}
"""How often each of three servers really answers; the planner is not told."""


def make_tools(rng: random.Random) -> list[BaseTool]:
    """Return three servers that give a report, and the tool that sends it."""

    def server(name: str) -> BaseTool:
        def fetch() -> dict[str, str]:
            if rng.random() > WORKS[name]:
                raise ConnectionError(f"{name} does not answer")
            return {"report": f"from {name}"}

        facts = {"gives": ["report"], "reads": True}
        return StructuredTool.from_function(
            fetch, name=name, description="Fetch the report.", metadata={"agentic_diffusion": facts}
        )

    def send(report: str) -> str:
        return f"sent the report {report}"

    facts = {"needs": ["report"], "gives": ["sent"]}
    sender = StructuredTool.from_function(
        send, name="send", description="Send the report.", metadata={"agentic_diffusion": facts}
    )
    return [*map(server, WORKS), sender]


def make_agent(seed: int, *, feedback: bool) -> CompiledStateGraph[Any, None, Any, Any]:
    """Return an agent that has one try at each errand."""
    tools = make_tools(random.Random(seed))  # noqa: S311
    planner: ToolPlanner = tool_planner(
        tool_specs(tools), slots=2, width=16, depth=1, count=4, goals=("sent",), seed=seed
    )
    trust = ToolTrust()
    if feedback:
        planner = trust.guide(planner)
    return create_tool_plan_graph(planner, tools, watches=trust, max_rounds=1).compile()


def errands(count: int, seed: int, *, feedback: bool) -> float:
    """Run errands one after the other and return which share of the second half was fulfilled at the first try."""
    agent = make_agent(seed, feedback=feedback)
    asked = [{"request": {"goal": "send the report"}, "seed": 1000 * seed + 10 * n} for n in range(count)]
    done = [agent.invoke(request)["done"] for request in asked]
    late = done[count // 2 :]
    return sum(late) / len(late)


def main(count: int = 24, seeds: int = 3) -> None:
    """Compare, on paired seeds."""
    for feedback in (False, True):
        shares = [errands(count, seed, feedback=feedback) for seed in range(seeds)]
        told = ", ".join(f"{share:.2f}" for share in shares)
        print(
            f"feedback {'on ' if feedback else 'off'}: {sum(shares) / seeds:.2f} of errands fulfilled ({told})"
        )


if __name__ == "__main__":
    main()
