"""What becomes of calls flows back and makes the planner better: paired runs with and without, on several seeds."""

import random
from statistics import mean

import pytest
from agentic_diffusion.planning.domains.toolplan import ToolTrust, tool_planner
from langchain_core.tools import StructuredTool
from langgraph_agentic_diffusion import create_tool_plan_graph, tool_specs

SEEDS, FIRST, THEN = range(3), 6, 16


def make_tools(works, rng):
    """Return two servers that give the same report, of which one mostly fails, and a tool that sends it."""

    def make(name, answer, **facts):
        return StructuredTool.from_function(
            answer, name=name, description="A server.", metadata={"agentic_diffusion": facts}
        )

    def server(name):
        def fetch() -> dict:
            if rng.random() > works[name]:
                raise ConnectionError(f"{name} does not answer")
            return {"report": name}

        return make(name, fetch, gives=["report"], reads=True)

    def send(report: str) -> str:
        return f"sent {report}"

    return [*map(server, works), make("send", send, needs=["report"], gives=["sent"])]


def run(seed, *, way):
    """Return how often the one that works was planned with, and errands done, before and after they change places."""
    works = {"north": 0.05, "south": 0.95}
    tools = make_tools(works, random.Random(seed))
    planner = tool_planner(tool_specs(tools), slots=2, width=16, depth=1, count=4, goals=("sent",), seed=seed)
    trust = ToolTrust()
    told = {"learns": trust} if way == "plans" else {"watches": trust}
    graph = create_tool_plan_graph(
        planner if way == "off" else trust.guide(planner), tools, max_rounds=1, **told
    ).compile()
    good, done = [], []
    for errand in range(FIRST + THEN):
        if errand == FIRST:
            works.update(north=0.95, south=0.05)
        out = graph.invoke({"request": {"goal": "send the report"}, "seed": 100 * seed + errand})
        good.append(
            max(works, key=works.get) in [step["tool"] for step in out["plan"]["chosen"]["value"]["steps"]]
        )
        done.append(out["done"])
    late = slice(FIRST // 2, FIRST), slice(-THEN // 3, None)
    return [mean(told[part]) for told in (good, done) for part in late]


@pytest.fixture(scope="module")
def shares():
    """Return the four shares of each way, on paired seeds."""
    seeds = {"off": SEEDS, "calls": SEEDS, "plans": SEEDS[:1]}
    return {way: [run(seed, way=way) for seed in each] for way, each in seeds.items()}


@pytest.mark.parametrize("way", ["calls", "plans"])
def test_the_server_that_works_is_preferred_also_when_they_change_places(shares, way):
    before, after, *_ = zip(*shares[way], strict=True)
    assert min(before) >= 0.8
    assert mean(after) >= 0.8


@pytest.mark.parametrize("way", ["calls", "plans"])
def test_more_errands_are_done_than_without(shares, way):
    pairs = zip(shares[way], shares["off"], strict=False)
    gains = [mean(on[2:]) - mean(off[2:]) for on, off in pairs]
    assert min(gains) > 0
    assert mean(gains) >= 0.2
