"""Less at once: halves, parts, what fits, and planners whose memory is short after the last step."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import BudgetError, ContractError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.toolplan import ToolRequest, tool_planner
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.planning.room import fitting_rows, halved, in_parts
from agentic_diffusion.records import ToolSpec

ASK = Reach(start=(0.5, -0.5), goal=(1.0, None))
MANY = [Reach(start=(k / 10, -0.5), goal=(1.0, None)) for k in range(4)]


def short_of(most):
    asked = []

    def work(items):
        asked.append(len(items))
        if len(items) > most:
            raise MemoryError("no room")
        return [2 * item for item in items]

    return work, asked


def test_work_that_is_too_much_is_given_in_halves_and_in_order() -> None:
    work, asked = short_of(2)
    told = []
    assert halved(work, range(7), what="item", tell=told.append) == [0, 2, 4, 6, 8, 10, 12]
    assert asked == [7, 4, 2, 2, 2, 1]  # what was too much is not tried again
    assert told == [4, 2]
    assert halved(work, [], what="item", tell=told.append) == []


def test_no_room_for_one_item_and_other_errors_are_told() -> None:
    with pytest.raises(BudgetError, match="out of memory with one item"):
        halved(short_of(0)[0], [1, 2], what="item", tell=lambda size: None)

    def wrong(items):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        halved(wrong, [1, 2], what="item", tell=lambda size: None)


@pytest.mark.parametrize("level", [torch.tensor(0.5), torch.arange(5) / 5])
def test_a_batch_in_parts_is_believed_as_the_whole_is(level) -> None:
    x, sizes = torch.arange(15).reshape(5, 3), []

    def ask(x, t):
        sizes.append(len(x))
        each = t[:, None, None] if t.ndim else t
        return Categorical(torch.ones(len(x), 3, 4) * x[..., None] * each, x > 3, t + 1)

    whole, parts = ask(x, level), in_parts(ask, 2)(x, level)
    assert sizes == [5, 2, 2, 1]
    for one, other in zip(vars(whole).values(), vars(parts).values(), strict=True):
        assert (one is other) if one is None else torch.equal(one, other)
    assert in_parts(ask, 5)(x, level).logits.shape == (5, 3, 4)
    assert sizes[-1] == 5


def test_what_all_rows_share_stays_as_it_is_and_an_unknown_belief_is_refused() -> None:
    x = torch.randn(3, 2)
    told = in_parts(lambda x, t: Gaussian(x, torch.ones(()), torch.tensor(2.0)), 2)(x, torch.tensor(1.0))
    assert torch.equal(told.mean, x)
    assert told.weight == 2
    with pytest.raises(ContractError, match="a list as belief"):
        in_parts(lambda x, t: [x], 2)(x, torch.tensor(1.0))


@dataclass(frozen=True)
class Holder:
    held: Any


@pytest.mark.parametrize(
    "hide", [lambda x: (x,), lambda x: Gaussian(x, x, x), lambda x: [x], lambda x: {"x": x}]
)
def test_rows_that_lie_deeper_in_a_belief_are_not_lost_without_a_word(hide) -> None:
    x = torch.randn(3, 2)
    with pytest.raises(ContractError, match=r"in Holder\.held"):
        in_parts(lambda x, t: Holder(hide(x)), 2)(x, torch.tensor(1.0))
    for shared in (None, 2, 0.5, True, len):
        assert in_parts(lambda x, t, shared=shared: Holder(shared), 2)(x, torch.tensor(1.0)).held is shared


def test_what_fits_is_counted_by_what_one_takes() -> None:
    one = torch.ones(10)
    assert fitting_rows(lambda condition: one + 1, Condition(), 100) == 2
    with pytest.raises(BudgetError, match="at least 40"):
        fitting_rows(lambda condition: one + 1, Condition(), 39)


def test_what_a_denoiser_keeps_does_not_change_what_fits() -> None:
    kept, condition = {}, Condition(context={"told": torch.ones(1)})

    def keeping(condition):
        for thing in ("for all requests", condition.context["told"]):
            if thing not in kept:
                kept[thing] = torch.ones(10) + 1

    for _ in range(2):
        assert fitting_rows(keeping, condition, 90) == 1
        keeping(condition)


def test_a_planner_that_keeps_answers_says_twice_what_fits() -> None:
    planner = tool_planner(
        [ToolSpec(name=name, description=name) for name in ("alpha", "beta")], slots=2, width=16
    )
    ask, granted = ToolRequest(goal="alpha then beta"), Budget(memory_bytes=10**12)
    first = planner._fitting(run := planner._begin(ask, 0, granted))
    planner.plan(ask)
    assert first == planner._fitting(run) == planner._fitting(planner._begin(ask, 1, granted))


def chain(ask, x):
    """A likelihood that asks about twice as many rows as there are states."""
    belief = ask(torch.cat([x, -x]), torch.tensor(0.5))
    return belief.mean.flatten(1).sum(1)[: len(x)] - belief.mean.flatten(1).square().sum(1)[len(x) :]


def likelihoods(plan) -> list[float]:
    return [c.verdict.evidence["likelihood"] for c in plan.considered]


def test_the_likelihood_keeps_the_memory_that_was_granted_and_is_the_same(maker, spy) -> None:
    whole, granted = spy(maker().denoiser), spy(maker().denoiser)
    maker(denoiser=whole, likelihood=chain).plan(ASK)
    assert whole.calls == [8] * 4 + [16]
    need = maker()._begin(ASK, 0, Budget(memory_bytes=10**9))
    two = Budget(memory_bytes=2 * (10**9 // maker()._fitting(need)))
    cramped = maker(denoiser=granted, likelihood=chain).plan(ASK, budget=two)
    assert set(granted.calls) == {1, 2}  # one row was weighed first
    assert len(likelihoods(cramped)) == 8
    of_cramped = maker(denoiser=granted, likelihood=chain, count=2).plan(ASK, budget=two)
    of_whole = maker(likelihood=chain, count=2).plan(ASK)
    assert likelihoods(of_cramped) == pytest.approx(likelihoods(of_whole), rel=1e-5)
    many = maker(denoiser=granted, likelihood=chain, count=2).plan_many([ASK] * 2, budgets=[two] * 2)
    assert [likelihoods(one) for one in many] == [pytest.approx(likelihoods(of_whole), rel=1e-5)] * 2
    assert max(granted.calls) == 2


@pytest.mark.parametrize("room", [1, 4, 8])
def test_a_likelihood_that_runs_out_of_memory_is_asked_in_smaller_parts(maker, spy, room) -> None:
    cramped = spy(maker().denoiser, room=room)
    plan = maker(denoiser=cramped, likelihood=chain).plan(ASK)
    assert plan.complete
    assert len(likelihoods(plan)) == 8
    assert (f"out of memory: likelihood of {room} rows at once" in plan.notes) == (room == 8)
    assert max(cramped.calls[-16 // room :]) == room


def test_a_likelihood_with_no_room_for_one_row_goes_to_the_host_or_says_so(maker, spy, monkeypatch) -> None:
    planner = maker(denoiser=spy(maker().denoiser, fail_at=5), likelihood=chain, count=1)
    full = planner.plan(ASK)
    assert full.notes == ("out of memory: likelihood of 1 rows at once",)
    gone = []

    def short(x, t, condition):  # the device has room to denoise, and none for the likelihood
        if t == 0.5 and len(asked) > 3 and not gone:
            raise MemoryError("no room")
        asked.append(1)
        return maker().denoiser(x, t, condition)

    asked = []
    with pytest.raises(BudgetError, match="a batch of one candidate"):
        maker(denoiser=short, likelihood=chain).plan(ASK)
    asked.clear()
    monkeypatch.setattr(Compute, "spare", property(lambda self: Compute("cpu", threads=None)))
    monkeypatch.setattr(Compute, "copied", lambda self, value: gone.append(1) or value)
    plan = maker(denoiser=short, likelihood=chain).plan(ASK)
    assert plan.notes[-1] == "out of memory on cpu: went on on cpu"
    assert len(likelihoods(plan)) == 8


@pytest.mark.parametrize("error", [MemoryError("no room"), RuntimeError("CUDA out of memory.")])
def test_verdicts_that_run_out_of_memory_are_given_in_smaller_parts(maker, error) -> None:
    judged = []

    def verify(request, values):
        judged.append(len(values))
        if len(values) > room:
            raise error
        return maker().verify(request, values)

    room = 3
    plain = maker().plan(ASK)
    plan = maker(verify=verify).plan(ASK)
    assert judged == [8, 4, 2, 2, 2, 2]
    assert plan.considered == plain.considered
    assert "out of memory: verdicts of 2 candidates at once" in plan.notes
    many = maker(verify=verify).plan_many(MANY[:2])
    assert [len(one.considered) for one in many] == [8, 8]
    room = 0
    for ask in (lambda: maker(verify=verify).plan(ASK), lambda: maker(verify=verify).plan_many([ASK, ASK])):
        with pytest.raises(BudgetError, match="out of memory with one candidate to be judged"):
            ask()


def test_answers_of_many_that_run_out_of_memory_are_found_for_half_of_them(maker) -> None:
    sizes = []

    class Judge:
        def __call__(self, request, values):
            return maker().verify(request, values)

        def judge_many(self, requests, values):
            sizes.append(len(requests))
            if len(requests) > 2:
                raise MemoryError("no room")
            return [self(r, v) for r, v in zip(requests, values, strict=True)]

    plans = maker(verify=Judge()).plan_many(MANY)
    assert sizes == [4, 2, 2]
    assert [plan.request for plan in plans] == MANY
    assert {plan.notes for plan in plans} == {("out of memory with the answers of 4 requests",)}


def test_proposers_are_asked_once_however_few_answers_there_is_room_for(maker) -> None:
    class Judge:
        def __call__(self, request, values):
            return maker().verify(request, values)

        def judge_many(self, requests, values):
            raise MemoryError("no room for two")

    def propose(request):
        asked.append(request)
        return ["no plan"]

    asked, many = [], [Reach(start=(k / 10, -0.5)) for k in range(8)]
    plans = maker(verify=Judge(), propose=propose).plan_many(many)
    assert asked == many
    for plan in plans:
        assert len(plan.notes) == 2
        assert plan.notes[0].startswith("a proposal was left out (")
        assert plan.notes[1] == "out of memory with the answers of 8 requests"
