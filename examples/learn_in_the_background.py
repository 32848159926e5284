"""An agent over your own tools gets better while it works: outcomes teach its next version, which a gate lets through.

Three desks look all the same to a planner, and each settles one kind of case; nobody says which. Every plan that is
carried out is told to an `Evolver`, which teaches a new planner what worked, in a thread of its own, and asks a gate
that calls no tool. It takes two minutes: `python examples/learn_in_the_background.py`.
"""

import random
from collections.abc import Sequence
from typing import Any

from agentic_diffusion.planning.domains.toolplan import ToolTrust, tool_planner
from agentic_diffusion_evolve import Evolver, Hindsight, ListMemory, Taught
from langchain_core.tools import BaseTool, StructuredTool
from langgraph_agentic_diffusion import create_tool_plan_graph, tool_specs

CASES = {
    "billing": ("My {} was charged twice", "The invoice of the {} is wrong", "Refund what I paid for the {}"),
    "parcels": ("Where is my {}", "The {} has not arrived yet", "My {} went to the wrong address"),
    "repairs": ("The {} is broken", "My {} makes a strange noise", "The {} does not turn on any more"),
}
THINGS = ["kettle", "lamp", "chair", "radio", "toaster", "mirror", "bicycle", "tent", "clock", "sofa"]
THINGS += ["heater", "drill", "piano", "ladder", "oven"]


def cases(seed: int, count: int) -> list[tuple[str, str]]:
    """Return cases in words, each with its kind, in an order of their own."""
    every = [(kind, said.format(thing)) for kind, some in CASES.items() for said in some for thing in THINGS]
    return random.Random(seed).sample(every, count)  # noqa: S311


def make_desks(seed: int, now: dict[str, str]) -> list[BaseTool]:
    """Return three desks that differ in their names alone; each answers cases of its own kind, nineteen times of 20."""
    rng = random.Random(seed)  # noqa: S311
    kinds = rng.sample([*CASES], len(CASES))

    def desk(name: str, kind: str) -> BaseTool:
        def settle() -> dict[str, str]:
            if now["kind"] != kind or rng.random() > 0.95:
                raise LookupError("nobody here can settle this case")
            return {"answer": f"settled by {name}"}

        facts = {"agentic_diffusion": {"gives": ["answer"]}}
        return StructuredTool.from_function(settle, name=name, description="Settle a case.", metadata=facts)

    return [desk(f"desk_{side}", kind) for side, kind in zip(("north", "east", "south"), kinds, strict=True)]


def serve(seed: int, count: int, way: str) -> tuple[list[bool], list[bool]]:
    """Serve cases, one try each; return which were settled, and which new versions the gate let through."""
    now: dict[str, str] = {}
    desks, trust = make_desks(seed, now), ToolTrust(hears=300 if way == "trust" else 0)
    planner = tool_planner(
        tool_specs(desks), slots=1, width=16, depth=1, count=4, goals=("answer",), seed=seed
    )
    if way in ("trust", "deaf trust"):
        planner = trust.guide(planner)
    memory: ListMemory[Any, Any] = ListMemory()
    every = 24 if way == "taught" else 10**9
    with Evolver(planner, memory, tune=Taught(), gate=Hindsight(memory), every=every) as evolver:
        agent = create_tool_plan_graph(evolver, desks, learns=evolver, watches=trust, max_rounds=1).compile()
        settled = []
        for number, (now["kind"], said) in enumerate(cases(seed, count)):
            state = agent.invoke({"messages": [said], "seed": 1000 * seed + number})
            settled.append(state["done"])
            if way == "taught" and number % every == every - 1:
                evolver.flush()  # only so that a run can be repeated; the agent need not wait
        return settled, [turn.promoted for turn in evolver.turns]


def main(
    count: int = 120, seeds: int = 6, ways: Sequence[str] = ("off", "deaf trust", "trust", "taught")
) -> None:
    """Compare, on paired seeds, over the last quarter of the cases."""
    for way in ways:
        runs = [serve(seed, count, way) for seed in range(seeds)]
        shares = [sum(settled[-count // 4 :]) / (count // 4) for settled, _ in runs]
        turns = [promoted for _, told in runs for promoted in told]
        print(
            f"{way}: {sum(shares) / seeds:.2f} settled ({', '.join(f'{share:.2f}' for share in shares)}), "
            f"{sum(turns)} of {len(turns)} versions promoted"
        )


if __name__ == "__main__":
    main()
