"""What worked becomes examples; what did not, what is not believed and what the gate asks about does not."""

import pytest
from agentic_diffusion import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import ToolRequest, chain, tool_planner
from agentic_diffusion.records import Outcome, ToolSpec
from agentic_diffusion_evolve import ListMemory, Taught, aside

TOOLS = [ToolSpec(name=name, description="Settle a case.", gives=("answer",)) for name in ("north", "east")]
THINGS = ("kettle", "lamp", "chair", "radio", "tent", "clock")
BRIEF = Recipe(steps=20, learning_rate=2.5e-3, warmup=5)


def told(goal, tool, reward=1.0, **more):
    return Outcome(request=ToolRequest(goal=goal), value=chain(tool), reward=reward, **more)


def remembered(*outcomes):
    memory = ListMemory()
    memory.add_many(outcomes)
    return memory


@pytest.fixture
def planner():
    return tool_planner(TOOLS, slots=1, width=16, depth=1, count=4, goals=("answer",))


def test_a_few_outcomes_teach_which_words_go_with_which_tool(planner):
    outcomes = [told(f"Where is my {thing}", "north") for thing in THINGS]
    outcomes += [told(f"The {thing} is broken", "east") for thing in THINGS]
    outcomes += [told(f"The {thing} is broken", "north", reward=0.0) for thing in THINGS]
    outcomes += [told(f"Where is my {thing}", "east", trust=0.0) for thing in THINGS]
    taught = Taught(recipe=BRIEF, share=0.0)(planner, remembered(*outcomes))
    plans = [taught.plan(ToolRequest(goal=goal)) for goal in ("Where is my sofa", "The sofa is broken")]
    assert [plan.chosen.value.tools for plan in plans] == [("north",), ("east",)]
    assert all(plan.unfamiliar < 1 for plan in plans)


def test_what_is_kept_aside_is_never_taught_and_nothing_changes_where_nothing_worked(planner):
    outcomes = [told(f"Where is my {thing}", "north") for thing in THINGS]
    held = [outcome for outcome in outcomes if aside(outcome, 0.5)]
    assert 0 < len(held) < len(outcomes)
    tune = Taught(recipe=BRIEF, share=0.5)
    assert tune(planner, remembered(*held)) is planner
    taught = tune(planner, remembered(*outcomes))
    assert len(taught.domain.read.experience.rows) == len(outcomes) - len(held)
    assert tune(planner, remembered(told("Where is it", "north", reward=0.5))) is planner


def test_a_goal_is_kept_aside_whatever_is_known_or_done_by_then():
    goal = "Where is my lamp"
    later = Outcome(request=ToolRequest(goal=goal, facts={"a": 1}), value=chain("east"), reward=0.0)
    assert aside(told(goal, "north"), 0.5) == aside(later, 0.5)
    assert not aside(later, 0.0)


def test_the_newest_are_taught_each_plan_once_beside_what_is_taught_in_any_case(planner):
    outcomes = [told(f"Where is my {thing}", "north") for thing in THINGS] * 2
    memory = remembered(*(outcome.model_copy(update={"id": str(n)}) for n, outcome in enumerate(outcomes)))
    always = [(ToolRequest(goal="Help"), chain("east"))]
    taught = Taught(recipe=BRIEF, share=0.0, most=4, examples=always)(planner, memory)
    assert len(taught.domain.read.experience.rows) == 5
    again = remembered(*outcomes[: len(THINGS)], outcomes[0].model_copy(update={"id": "again"}))
    assert len(THINGS) > 2
    first = Taught(recipe=BRIEF, share=0.0, most=1)(planner, again)
    assert (
        float(first.domain.read.look(outcomes[0].request)[2].max()) > 0.99
    )  # what worked last, not what came last anew


@pytest.mark.parametrize("wrong", [{"share": 1.0}, {"most": 0}, {"batch": 0}])
def test_numbers_make_sense(wrong):
    with pytest.raises(InvalidConfigError, match="Taught"):
        Taught(**wrong)
