"""Trust in tools follows what became of their calls, moves belief among rivals only, and can be kept."""

import json
import math
import threading
from copy import copy, deepcopy
from dataclasses import dataclass, replace

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.batcher import Batcher
from agentic_diffusion.planning.domains.toolplan import ToolRequest, ToolTrust, chain, tool_planner
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.trust import RECENT, Trusted
from agentic_diffusion.records import Outcome, ToolSpec

NORTH, SOUTH = (ToolSpec(name=name, gives=("report",), reads=True) for name in ("north", "south"))
SEND = ToolSpec(name="send", needs=("report",), gives=("sent",))


@dataclass(frozen=True)
class Use:
    tool: str


def use(tool, reward, *, trust=1.0, **more):
    return Outcome(request=None, value=Use(tool), reward=reward, trust=trust, **more)


def told(trust, **rewards):
    for tool, each in rewards.items():
        for reward in each:
            trust.learn(use(tool, reward))
    return trust


def test_the_chance_is_the_mean_of_a_posterior():
    trust = ToolTrust(memory=math.inf, half_life=math.inf)
    assert trust.chance("north") == 0.5
    told(trust, north=[1, 1, 0], south=[0.5, -3.0, 7.0])
    assert trust.chances() == {"north": 3 / 5, "south": 2.5 / 5}
    trust.learn(use("north", 1.0, trust=0.5))
    assert trust.chance("north") == 3.5 / 5.5
    trust.learn(use("north", 1.0, trust=0.0))
    assert trust.told == 7
    assert ToolTrust(prior=(3.0, 1.0)).chance("anything") == 0.75


def test_each_outcome_counts_once():
    trust, once = ToolTrust(), use("north", 1.0)
    trust.learn(once)
    trust.learn(once)
    assert trust.told == 1
    told(trust, south=[1.0] * (RECENT + 10))
    assert len(trust.packed()["recent"]) == RECENT


def test_a_plan_is_taken_step_by_step_and_not_twice():
    trust, first = ToolTrust(half_life=math.inf), use("north", 0.0)
    trust.learn(first)
    steps = [
        {"step": 0, "tool": "north", "reward": 0.0, "outcome": first.id},
        {"step": 1, "tool": "send", "reward": 1.0},
    ]
    trust.learn(Outcome(request=None, value=chain("north", "send"), reward=0.5, evidence={"steps": steps}))
    assert trust.told == 2
    assert trust.chances(["north", "send"]) == {"north": 1 / 3, "send": 2 / 3}


def test_of_a_plan_that_was_judged_as_a_whole_each_call_failed_for_its_share():
    trust = ToolTrust(memory=math.inf, half_life=math.inf)
    trust.learn(Outcome(request=None, value=chain("north", "send"), reward=0.0, trust=0.5))
    assert trust.chance("send") == trust.chance("north") == 1 / 2.25
    done = chain("north", "send").model_copy(update={"done": 1})
    trust.learn(Outcome(request=None, value=done, reward=1.0, evidence={"steps": "odd"}))
    assert trust.chances() == {"north": 1 / 2.25, "send": 2 / 3.25}
    trust.learn(Outcome(request=None, value="no plan", reward=1.0))
    assert trust.told == 3


def test_it_forgets_with_calls_of_the_tool_and_with_calls_of_others():
    good = [1.0] * 50
    slow, quick = (told(ToolTrust(memory=memory), north=[*good, *[0.0] * 10]) for memory in (math.inf, 5))
    assert slow.chance("north") > 0.8
    assert quick.chance("north") < 0.25
    trust = told(ToolTrust(half_life=10), north=[0.0] * 8)
    before = trust.chance("north")
    told(trust, south=good)
    assert before < 0.15 < 0.45 < trust.chance("north") < 0.5


def test_only_so_many_tools_are_remembered():
    trust = told(ToolTrust(room=2), a=[0], b=[0], c=[0])
    assert list(trust.chances()) == ["b", "c"]
    assert trust.chance("a") == 0.5


def test_it_can_be_kept_and_goes_on_where_it_was():
    trust = told(ToolTrust(memory=math.inf, prior=(2.0, 1.0)), north=[1, 0, 1], south=[0])
    once = use("north", 1.0)
    trust.learn(once)
    for again in (
        ToolTrust.unpacked(json.loads(json.dumps(trust.packed()))),
        copy(trust),
    ):
        assert again.packed() == trust.packed()
        again.learn(once)
        assert again.told == trust.told == 5
    assert deepcopy(trust) is trust
    with pytest.raises(StoreError, match="a trust that cannot be read"):
        ToolTrust.unpacked({"tools": {}})
    with pytest.raises(StoreError, match="memory=0"):
        ToolTrust.unpacked({**trust.packed(), "memory": 0.5})


@pytest.mark.parametrize(
    "options",
    [{"prior": (0.0, 1.0)}, {"memory": 1.0}, {"half_life": 0.0}, {"room": 0}, {"half_life": math.nan}],
)
def test_impossible_settings_are_refused(options):
    with pytest.raises(InvalidConfigError, match="ToolTrust"):
        ToolTrust(**options)


def test_threads_may_tell_it_while_others_ask():
    trust = ToolTrust()
    tell = [threading.Thread(target=told, args=(trust,), kwargs={f"t{n}": [1.0] * 300}) for n in range(4)]
    for thread in tell:
        thread.start()
    while any(thread.is_alive() for thread in tell):
        assert all(0.5 <= chance < 1 for chance in trust.chances().values())
    assert trust.told == 1200


def shares(logits):
    return logits.softmax(dim=-1)[0, 0]


def tilted(trust, tools, *, logits=None, scale=1.0):
    count = len(tools) + 2
    told = torch.zeros(1, 1, count) if logits is None else torch.tensor([[logits]])
    belief = Categorical(told, torch.ones(1, 1, dtype=torch.bool), torch.ones(()))
    guide = Trusted(trust, Catalogue(tuple(tools)), scale)
    return shares(told), shares(guide(belief, torch.zeros(1, 1), torch.ones(())).logits)


def test_belief_moves_among_rivals_and_nowhere_else():
    trust = told(ToolTrust(), north=[0, 0, 0], south=[1, 1, 1], send=[0, 0])
    before, after = tilted(trust, [NORTH, SOUTH, SEND], logits=[0.5, 0.1, 0.3, -0.2, -math.inf])
    assert after[2:].tolist() == pytest.approx(before[2:].tolist(), abs=1e-6)
    assert float(after[:2].sum()) == pytest.approx(float(before[:2].sum()), abs=1e-6)
    ratio = trust.chance("south") / trust.chance("north")
    assert float(after[1] / after[0]) == pytest.approx(ratio * float(before[1] / before[0]), rel=1e-4)


def test_tools_that_say_nothing_of_what_they_give_are_rivals_of_each_other():
    tools = [ToolSpec(name="a"), ToolSpec(name="b"), SEND]
    before, after = tilted(told(ToolTrust(), a=[0, 0], send=[1, 1]), tools)
    assert after[0] < before[0]
    assert after[1] > before[1]
    assert after[2:].tolist() == pytest.approx(before[2:].tolist(), abs=1e-6)


def test_a_tool_of_two_facts_has_rivals_for_both_and_what_is_ruled_out_stays_so():
    both = ToolSpec(name="both", gives=("report", "sent"))
    trust = told(ToolTrust(), both=[0, 0, 0, 0])
    before, after = tilted(trust, [NORTH, both, SEND], logits=[0.0, 0.0, 0.0, 0.0, -math.inf])
    assert after[1] < before[1]
    assert after[0] > before[0]
    assert after[4] == 0
    _, after = tilted(trust, [NORTH, both, SEND], logits=[-math.inf, -math.inf, 0.0, 0.0, -math.inf])
    assert after.tolist() == pytest.approx([0, 0, 0.5, 0.5, 0])


def test_a_rival_in_two_facts_counts_once_and_belief_stays_among_rivals():
    both = ToolSpec(name="both", gives=("report", "sent"))
    trust = told(ToolTrust(), north=[0] * 9, both=[1] * 9)
    before, after = tilted(trust, [NORTH, both, ToolSpec(name="other", gives=("else",))])
    assert float(after[:2].sum()) == pytest.approx(float(before[:2].sum()), abs=1e-6)
    ratio = trust.chance("both") / trust.chance("north")
    assert float(after[1] / after[0]) == pytest.approx(ratio, rel=1e-4)


def test_a_planner_prefers_the_rival_that_works_and_finds_back_when_that_changes():
    planner = tool_planner([NORTH, SOUTH, SEND], slots=2, width=16, depth=1, count=4, goals=("sent",))
    trust = ToolTrust()
    guided = trust.guide(planner)
    request = ToolRequest(goal="send the report")

    def first():
        return {guided.plan(request, seed=seed).chosen.value.tools[0] for seed in range(8)}

    assert guided.plan(request, seed=3).chosen.value == planner.plan(request, seed=3).chosen.value
    told(trust, north=[1, 1, 1], south=[0, 0, 0])
    assert first() == {"north"}
    told(trust, north=[0] * 20, south=[1] * 3)
    assert first() == {"south"}


def test_other_planners_and_scales_are_refused():
    planner = tool_planner([NORTH], slots=1, width=16, depth=1)
    with pytest.raises(InvalidConfigError, match="a planner of tools"):
        ToolTrust().guide(replace(planner, domain=object()))
    unchecked = getattr(ToolTrust.guide, "__wrapped__", ToolTrust.guide)
    with pytest.raises(InvalidConfigError, match="a Batcher over NoneType"):
        unchecked(ToolTrust(), Batcher(planner))
    with pytest.raises(InvalidConfigError, match="scale=-1"):
        ToolTrust().guide(planner, scale=-1.0)


def test_trust_goes_by_the_words_of_the_goal_where_they_tell_something():
    broken, late = (ToolRequest(goal=f"My lamp is {what}") for what in ("broken", "late"))
    trust, deaf = ToolTrust(), ToolTrust(hears=0)
    for each in (trust, deaf):
        for _ in range(8):
            each.learn(Outcome(request=broken, value=Use("north"), reward=1.0))
            each.learn(Outcome(request=late.model_dump(), value=Use("north"), reward=0.0))
            each.learn(Outcome(request=late, value=Use("south"), reward=1.0))
            each.learn(Outcome(request=broken, value=Use("south"), reward=0.0))
    assert (
        trust.chance("north", goal=broken.goal)
        > trust.chance("north")
        > trust.chance("north", goal=late.goal)
    )
    assert (
        trust.chance("north", goal="Zzz") == trust.chance("north") == deaf.chance("north", goal=broken.goal)
    )
    again = ToolTrust.unpacked(json.loads(json.dumps(trust.packed())))
    assert again.chance("north", goal=late.goal) == trust.chance("north", goal=late.goal)
    assert "lamp" not in json.dumps(trust.packed())

    tools = (NORTH, SOUTH)
    plain = tool_planner(tools, slots=1, width=16, depth=1, count=8, goals=("report",))
    guided = trust.guide(plain)
    alone = [guided.plan(request) for request in (broken, late)]
    assert [plan.chosen.value.tools for plan in alone] == [("north",), ("south",)]
    together = guided.plan_many([broken, late])
    assert [plan.considered for plan in together] == [plan.considered for plan in alone]
    assert deaf.guide(plain).domain is plain.domain
