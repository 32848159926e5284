"""Tuning a tool planner on outcomes alone, with no line written for it."""

from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.planning.domains.toolplan import ToolRequest, chain, tool_planner
from agentic_diffusion.records import Outcome, ToolSpec
from agentic_diffusion_evolve import FineTune, ListMemory, encode, weights_of, with_weights


def test_outcomes_alone_change_what_is_planned() -> None:
    tools = [ToolSpec(name="restart_router"), ToolSpec(name="reset_sim_card"), ToolSpec(name="call_support")]
    planner = tool_planner(tools, slots=2, width=16, count=4)
    request = ToolRequest(goal="My phone has no signal", facts={"signal": "none"})
    tried = {"restart_router": 0.0, "reset_sim_card": 1.0, "call_support": 0.0}
    memory = ListMemory()
    for tool, reward in tried.items():
        memory.add(Outcome(request=request, value=chain(tool), reward=reward))
    old = encode(list(memory), planner.domain)
    tune = FineTune(
        old=lambda rng, count: old[(old.rewards > 0).nonzero()[:, 0].repeat(count)],
        recipe=Recipe(steps=60, learning_rate=1e-2, warmup=5, average=0.8),
        batch=8,
        share=0.34,
    )
    tuned = tune(planner, memory)
    assert tuned.plan(request).chosen.value.tools == ("reset_sim_card",)
    back = with_weights(planner, weights_of(tuned))
    assert back.plan(request).considered == tuned.plan(request).considered
