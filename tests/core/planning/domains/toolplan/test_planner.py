"""Tool planners: three lines from tools to a plan, and the contract's proofs."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.compute import int8
from agentic_diffusion.compute.quantise import Int8Linear
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.toolplan import (
    ToolPlan,
    ToolRequest,
    ToolTraining,
    chain,
    tool_planner,
)
from agentic_diffusion.planning.domains.toolplan.planner import Binder
from agentic_diffusion.records import Given, Open, PlanStep, Result, ToolSpec
from agentic_diffusion.testing import check_domain, check_planner

BOOK = ("search_flights", "book_flight", "send_email")


def test_three_lines_from_tools_to_a_plan(tools, ask) -> None:
    planner = tool_planner(tools, slots=4, width=16)
    plan = planner.plan(ask)
    assert set(plan.chosen.value.tools) == set(BOOK)
    assert plan.chosen.verdict.passed
    check_domain(planner.domain, ask, invalid=[ToolRequest(tools=("fly",))])
    check_planner(planner, ask, invalid=[ToolRequest(tools=("fly",))])
    assert tool_planner(tools, slots=4, width=16).plan(ask).considered == plan.considered


def test_an_exact_denoiser_keeps_every_promise(recall, ask) -> None:
    planner = recall(BOOK, ("check_weather", "send_email"))
    plan = check_planner(planner, ask, invalid=[ToolRequest(tools=("fly",))])
    assert {c.value.tools for c in plan.considered} <= {BOOK, ("check_weather", "send_email")}
    begun = ToolRequest(done=chain("check_weather").steps)
    assert planner.plan(begun).chosen.value.tools == ("check_weather", "send_email")


def test_no_call_is_ever_impossible(tools) -> None:
    planner = tool_planner(tools, slots=3, width=16, count=32)
    with torch.no_grad():
        for weights in planner.denoiser.parameters():
            weights.normal_(generator=torch.Generator().manual_seed(0))
    for seed in range(3):
        plan = planner.plan(
            ToolRequest(goal="book a flight", tools=("book_flight", "search_flights")), seed=seed
        )
        for candidate in plan.considered:
            assert candidate.verdict.evidence["faults"] in ([], ["it calls nothing"])


def test_a_proposer_adds_candidates_that_are_scored(tools, ask) -> None:
    asked = []

    def propose(request):
        asked.append(request)
        return [chain(*BOOK)]

    plan = tool_planner(tools, slots=4, width=16, count=2, propose=propose).plan(ask)
    assert asked == [ask]
    assert len(plan.considered) == 3
    assert plan.considered[2].value.tools == BOOK
    assert plan.considered[2].verdict.evidence["likelihood"] < 0


def test_a_bad_proposal_is_left_out_with_a_note(tools, ask) -> None:
    def propose(request):
        return [chain("search_flights", "book_hotle"), chain(*["send_email"] * 5), chain(*BOOK)]

    plan = tool_planner(tools, slots=4, width=16, count=2, propose=propose).plan(ask)
    assert len(plan.considered) == 3
    assert plan.considered[2].value.tools == BOOK
    unknown, long = plan.notes
    assert "book_hotle" in unknown
    assert "5 steps" in long


def test_arguments_and_order_of_a_proposal_are_kept_by_all_with_its_tools(tools, ask) -> None:
    arguments = {"text": Given(value="See you in Oslo"), "email": Open(), "made_up": Given(value=1)}
    mail = PlanStep(tool="send_email", arguments=arguments)
    said = ToolPlan(steps=(PlanStep(tool="check_weather"), PlanStep(tool="search_flights", after=(0,)), mail))
    planner = tool_planner(tools, slots=4, width=16, count=64, propose=lambda request: [said])
    plan = planner.plan(ask)
    assert plan.considered[-1].verdict.evidence["open"] == []
    same = [c.value for c in plan.considered if c.value.tools == said.tools]
    assert all(value == same[-1] for value in same)
    weather, search, sent = same[-1].steps
    assert sent.arguments["text"] == Given(value="See you in Oslo")
    assert sent.arguments["email"].text == "anna@example.org"
    assert "made_up" not in sent.arguments
    assert search.arguments["date"].text == "2026-03-01"
    assert (weather.after, search.after, sent.after) == ((), (0,), (0, 1))


def test_two_proposals_with_the_same_tools_are_both_considered(tools, ask) -> None:
    def mail(text):
        return ToolPlan(steps=(PlanStep(tool="send_email", arguments={"text": Given(value=text)}),))

    planner = tool_planner(tools, slots=1, width=16, count=8, propose=lambda _: [mail("one"), mail("two")])
    plan = planner.plan(ask)
    told = [
        c.value.steps[0].arguments["text"].value for c in plan.considered if c.value.tools == ("send_email",)
    ]
    assert set(told[:-1]) == {"one"}
    assert told[-1] == "two"


def test_a_proposed_result_must_be_that_of_an_earlier_step(catalogue, ask) -> None:
    late = ToolPlan(steps=(PlanStep(tool="send_email", arguments={"text": Result(step=0, key="x")}),))
    assert isinstance(Binder(catalogue)(ask, late).steps[0].arguments["text"], Open)
    first = PlanStep(tool="check_weather")
    fine = ToolPlan(steps=(first, late.steps[0]))
    bound = Binder(catalogue)(ask, fine)
    assert bound.steps[1].arguments["text"] == Result(step=0, key="x")
    assert bound.steps[1].after == (0,)
    done = ask.model_copy(update={"done": (first, PlanStep(tool="send_email"))})
    assert Binder(catalogue)(done, fine).steps[1].arguments == {}


def test_links_are_kept() -> None:
    tools = [ToolSpec(name=name) for name in "abc"]
    plan = tool_planner(tools, links=[("a", "b")], slots=3, width=16, count=16).plan(ToolRequest(goal="go"))
    assert {c.value.tools for c in plan.considered} <= {(), ("a",), ("b",), ("c",), ("a", "b")}


def test_equal_plans_of_a_request_are_bound_once(catalogue, ask) -> None:
    bind = Binder(catalogue)
    first = bind(ask, chain(*BOOK))
    assert bind(ask, chain(*BOOK)) is first
    assert first.steps[0].arguments["date"].text == "2026-03-01"
    other = bind(ToolRequest(goal="go on 2027-04-05"), chain(*BOOK))
    assert other.steps[0].arguments["date"].text == "2027-04-05"
    assert bind(ask, chain(*BOOK)) == first


def test_the_likelihood_of_whole_plans_keeps_the_memory_that_was_granted(recall, ask) -> None:
    plain, calls = recall(BOOK, ("check_weather", "send_email"), count=2), []

    def counting(x, t, condition):
        calls.append(len(x))
        return plain.denoiser(x, t, condition)

    planner = replace(plain, denoiser=counting)
    whole = planner.plan(ask)
    assert max(calls) > 2  # beginnings of plans, in one call
    run = planner._begin(ask, 0, Budget(memory_bytes=10**12))
    calls.clear()
    cramped = planner.plan(ask, budget=Budget(memory_bytes=2 * (10**12 // planner._fitting(run))))
    assert max(calls) == 2
    assert [c.value for c in cramped.considered] == [c.value for c in whole.considered]
    for one, other in zip(cramped.considered, whole.considered, strict=True):
        assert one.verdict.evidence["likelihood"] == pytest.approx(other.verdict.evidence["likelihood"])


@pytest.mark.parametrize("needy", [False, True])
def test_a_deadline_never_makes_an_impossible_call(needy) -> None:
    facts = {"needs": ("z",)} if needy else {}
    more = [ToolSpec(name="last", **facts), ToolSpec(name="first", gives=("z",))]
    planner = tool_planner([ToolSpec(name="alpha", description="Alpha"), *more], slots=4, width=16, count=4)
    for seed in range(4):
        plan = planner.plan(ToolRequest(goal="alpha alpha"), seed=seed, budget=Budget(milliseconds=0.01))
        assert plan.ending == "deadline"
        assert [found.verdict.evidence["faults"] for found in plan.considered] == [[]] * 4


def test_goals_that_no_tool_gives_are_refused(tools) -> None:
    with pytest.raises(InvalidConfigError, match=r"goals with .'nothing'.*'booking', 'flight_id'"):
        tool_planner(tools, goals=("booking", "nothing"))


def test_an_untaught_planner_heeds_proposals_first_and_puts_what_the_words_speak_for_before_the_rest(
    tools,
) -> None:
    ask = ToolRequest(goal="Look up the weather of a city")
    impossible, odd, usual = chain("book_flight"), chain("send_email"), chain("check_weather")

    def chosen(*proposals):
        planner = tool_planner(tools, slots=4, width=16, count=2, propose=lambda request: proposals)
        return planner.plan(ask).chosen.value.tools

    assert chosen(odd) == odd.tools
    assert chosen(odd, usual) == chosen(impossible, usual, odd) == usual.tools
    assert chosen(impossible) == chosen() == usual.tools


@pytest.mark.parametrize("proposes", [False, True])
def test_many_plans_at_once_are_those_of_one_by_one(tools, ask, proposes) -> None:
    said = {"how is the weather": chain("check_weather")}
    propose = (lambda request: [said[request.goal]] if request.goal in said else []) if proposes else None
    planner = tool_planner(tools, slots=3, width=16, count=6, propose=propose)
    with torch.no_grad():
        for weights in planner.denoiser.parameters():
            weights.normal_(std=0.3, generator=torch.Generator().manual_seed(0))
    asked = [ask, ToolRequest(goal="how is the weather"), ToolRequest(goal="write a mail"), ask]
    one_by_one = [planner.plan(request, seed=seed) for seed, request in enumerate(asked)]
    calls = []
    planner.denoiser.register_forward_hook(lambda module, told, belief: calls.append(len(told[0])))
    many = planner.plan_many(asked, seeds=range(4))
    assert len(calls) == planner.steps + 1  # one more for the likelihood of all
    for one, other in zip(one_by_one, many, strict=True):
        assert [c.value for c in one.considered] == [c.value for c in other.considered]
        assert one.chosen.value == other.chosen.value
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        likely = [[c.verdict.evidence["likelihood"] for c in plan.considered] for plan in (one, other)]
        assert likely[0] == pytest.approx(likely[1], abs=1e-4)


@pytest.mark.parametrize("taught", [False, True])
def test_a_planner_in_eight_bits_plans_one_by_one_and_at_once(tools, ask, taught) -> None:
    planner = tool_planner(tools, slots=3, width=64, count=4)
    if taught:
        examples = [(ask, chain(*BOOK)), (ToolRequest(goal="the weather"), chain("check_weather"))]
        training = ToolTraining(planner, examples, recipe=Recipe(steps=1), held_out=0.0)
        [*training.run()]
        planner = training.planner
    small = replace(planner, denoiser=int8(planner.denoiser))
    assert any(isinstance(layer, Int8Linear) for layer in small.denoiser.modules())
    asked = [ask, ToolRequest(goal="how is the weather")]
    for plan in (*small.plan_many(asked), *map(small.plan, asked)):
        assert plan.complete
        assert plan.chosen.verdict.passed
