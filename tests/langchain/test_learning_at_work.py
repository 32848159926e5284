"""What the tools of an agent do teaches the next version of its planner, in the background; and there is a way back."""

from pathlib import Path

from agentic_diffusion import Recipe
from agentic_diffusion.planning.domains.toolplan import ToolPlan, ToolRequest, packed, tool_planner, unpacked
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve import Evolver, Lineage, SqliteMemory, Taught
from langchain.agents import create_agent
from langchain_agentic_diffusion import DiffusionPlanTool, OutcomeFeedbackMiddleware
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import StructuredTool, ToolException
from langgraph_agentic_diffusion import PlanOutcomes, ToolFeedback, tool_specs

RIGHT = {"Where is my": "desk_north", "I paid twice for the": "desk_east"}
THINGS = ("kettle", "lamp", "chair", "radio", "tent", "clock")
BRIEF = Recipe(steps=20, learning_rate=2.5e-3, warmup=5)


def make_desks(now):
    """Return two desks that look the same; one settles the case at hand."""

    def desk(name):
        def settle() -> str:
            if not any(now["goal"].startswith(said) and right == name for said, right in RIGHT.items()):
                raise ToolException("nobody here can settle this case")
            return "settled"

        facts = {"agentic_diffusion": {"gives": ["answer"]}}
        return StructuredTool.from_function(
            settle, name=name, description="Settle a case.", metadata=facts, handle_tool_error=True
        )

    return [desk("desk_north"), desk("desk_east")]


def script(now):
    """Return a model that asks for a plan, follows it, and is done."""

    def ask(messages):
        return AIMessage("", tool_calls=[{"name": "plan", "args": {"goal": now["goal"]}, "id": "ask"}])

    def follow(messages):
        (step,) = messages[-1].artifact["chosen"]["value"]["steps"]
        return AIMessage("", tool_calls=[{"name": step["tool"], "args": {}, "id": "call"}])

    return [ask, follow, "Done."]


def test_an_agent_learns_in_the_background_is_kept_and_goes_back(tmp_path: Path) -> None:
    now = {}
    desks, shelf = make_desks(now), PlanShelf()
    first = tool_planner(tool_specs(desks), slots=1, width=16, depth=1, count=2, goals=("answer",))
    memory, lineage = (
        SqliteMemory(tmp_path / "memory.db", ToolRequest, ToolPlan),
        Lineage(tmp_path / "lineage"),
    )
    lineage.found(*packed(first))
    with Evolver(
        first,
        memory,
        tune=Taught(recipe=BRIEF, share=0.0),
        gate=lambda candidate, incumbent: Verdict(passed=True, score=1.0),
        every=10_000,
        lineage=lineage,
        pack=packed,
    ) as evolver:
        plan = DiffusionPlanTool(planner=evolver, shelf=shelf)
        feedback = OutcomeFeedbackMiddleware(ToolFeedback(PlanOutcomes(evolver, shelf)))
        agent = create_agent(ScriptedChatModel(script=script(now)), [plan, *desks], middleware=[feedback])
        goals = [f"{said} {thing}" for said in RIGHT for thing in THINGS]
        for seed, goal in enumerate(goals):
            now["goal"], plan.seed = goal, seed
            agent.invoke({"messages": [goal]})
        told = [*memory]
        assert [outcome.request.goal for outcome in told] == goals
        assert all(
            outcome.reward == (outcome.value.tools == (RIGHT[outcome.request.goal.rsplit(" ", 1)[0]],))
            for outcome in told
        )
        assert 0 < sum(outcome.reward for outcome in told) < len(told)
        assert evolver.flush(seconds=60)
        later = [ToolRequest(goal=f"{said} sofa") for said in RIGHT]
        taught = [evolver.plan(request).chosen.value.tools for request in later]
        assert taught == [(right,) for right in RIGHT.values()]

        def kept():
            bundle = lineage.weights()
            return unpacked(bundle.tensors, bundle.card)

        assert [kept().plan(request).chosen.value.tools for request in later] == taught
        lineage.rollback()
        evolver.adopt(kept())
        assert evolver.plan(later[0]).considered == first.plan(later[0]).considered
        assert evolver.plan(later[0]).confidence <= 0.25
