"""The planner: budgets, broken memory, refusals before any network runs, and plans that repeat."""

import itertools
import logging
import time

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.guidance import RewardGradient
from agentic_diffusion.denoising.sample import ancestral, ddim, particles
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import BudgetError, InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.planning.planner import Domain, Learns, Plans
from agentic_diffusion.planning.select import first
from agentic_diffusion.planning.verify import accept, each, every
from agentic_diffusion.records import Plan, Verdict
from torch import nn

ASK = Reach(start=(0.5, -0.5), goal=(1.0, None))


def test_a_plan_is_pinned_verified_selected_and_complete(maker) -> None:
    planner = maker()
    plan = planner.plan(ASK, seed=3)
    assert len(plan.considered) == 8
    assert plan.chosen.verdict.score == max(c.verdict.score for c in plan.considered)
    assert plan.confidence == pytest.approx(9 / 10)
    for candidate in plan.considered:
        assert candidate.value.states[0] == pytest.approx((0.5, -0.5))
        assert candidate.value.states[-1][0] == pytest.approx(1.0)
        assert candidate.verdict.score == candidate.value.states[2][0]
    assert (plan.ending, plan.complete, plan.steps_done, plan.steps_asked, plan.batch) == (
        "complete",
        True,
        4,
        4,
        8,
    )
    assert (plan.seed, plan.device, plan.request) == (3, "cpu", ASK)
    assert isinstance(planner, Plans)
    assert isinstance(planner.domain, Domain)
    assert not isinstance(planner, Learns)


def test_the_same_seed_gives_the_same_plan_and_json_keeps_it(maker) -> None:
    plan = maker().plan(ASK, seed=1)
    assert maker().plan(ASK, seed=1).considered == plan.considered
    assert maker().plan(ASK, seed=2).considered != plan.considered
    twin = Plan[Reach, Trajectory].model_validate_json(plan.model_dump_json())
    assert twin.model_dump() == plan.model_dump()


def test_guides_kernel_selector_and_verifiers_are_used(maker) -> None:
    plain = maker(select=first).plan(ASK)
    uphill = maker(select=first, guides=(RewardGradient(lambda x: 3 * x[..., 1].sum(1)),)).plan(ASK)
    gain = [b[1] - a[1] for a, b in zip(plain.chosen.value.states, uphill.chosen.value.states, strict=True)]
    assert all(g > 0.05 for g in gain[1:])
    assert gain[0] == 0
    assert plain.chosen == plain.considered[0]
    assert maker(kernel=ddim(maker().process)).plan(ASK).considered != maker().plan(ASK).considered
    short = each(lambda r, v: Verdict(passed=v.states[1][1] > 0, score=10.0, evidence={"up": True}))
    both = maker(verify=every(maker().verify, short)).plan(ASK)
    assert {c.verdict.passed for c in both.considered} == {True, False}
    assert both.chosen.verdict.passed
    assert both.chosen.verdict.evidence == {"up": True}


def test_watch_hears_every_step_and_drafts_carry_clean_guesses(maker) -> None:
    events = []
    plan = maker().plan(ASK, watch=events.append)
    assert [(e.step, e.total) for e in events] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [e.time for e in events] == pytest.approx([0.75, 0.5, 0.25, 0.0])
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(events))
    plans = []

    def follow():
        plans.append((yield from maker().drafts(ASK)))

    drafts = list(follow())
    assert plans[0].considered == plan.considered
    assert len(drafts) == 4
    assert (
        drafts[0].states[:, 1:-1].abs().max().item() < 0.05
    )  # the first guess is near the prior mean: clean
    assert torch.allclose(drafts[0].states[:, 0], torch.tensor([0.25, -0.25]).expand(8, 2))


@pytest.mark.parametrize(
    "wrong",
    [
        Reach(start=(9.0, 0.0)),
        Reach(start=(0.0,)),
        Reach.model_construct(start=(float("nan"), 0.0), goal=None),
    ],
)
def test_impossible_requests_are_refused_before_the_network_runs(maker, spy, wrong) -> None:
    denoiser = spy(maker().denoiser)
    with pytest.raises(InvalidStateError):
        maker(denoiser=denoiser).plan(wrong, budget=Budget(memory_bytes=1))
    assert denoiser.calls == []


def test_a_deadline_gives_the_best_plan_so_far_in_time(maker, spy) -> None:
    planner = maker(denoiser=spy(maker().denoiser, seconds=0.03), steps=50)
    started = time.perf_counter()
    plan = planner.plan(ASK, budget=Budget(milliseconds=250))
    assert time.perf_counter() - started < 0.6
    assert plan.ending == "deadline"
    assert not plan.complete
    assert 1 <= plan.steps_done < 9
    assert plan.steps_asked == 50
    assert len(plan.considered) == 8
    assert plan.chosen.value.states[0] == pytest.approx((0.5, -0.5))
    hasty = planner.plan(ASK, budget=Budget(milliseconds=0.001))
    assert (hasty.ending, hasty.steps_done) == ("deadline", 1)


def test_a_deadline_waits_for_the_device_before_it_reads_the_clock(maker, monkeypatch) -> None:
    planner, asked = maker(), []
    monkeypatch.setattr(type(planner.compute), "wait", lambda self: asked.append(1))
    planner.plan(ASK)
    assert asked == []
    planner.plan(ASK, budget=Budget(milliseconds=60_000))
    assert len(asked) == 4


def test_stop_ends_with_the_best_plan_so_far(maker) -> None:
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) == 2

    plan = maker().plan(ASK, budget=Budget(stop=stop))
    assert (plan.ending, plan.steps_done, plan.steps_asked, len(plan.considered)) == ("stopped", 2, 4, 8)


def test_a_memory_budget_makes_batches_smaller(maker, spy) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sizes = []

        def forward(self, x, t, condition):
            self.sizes.append(x.shape[0])
            return Gaussian(x * 0.1, torch.ones(()), torch.ones(()))

    net = Net().train()
    planner = maker(denoiser=net)
    assert not net.training
    one = 6 * 2 * 4  # bytes of the one product
    plan = planner.plan(ASK, budget=Budget(memory_bytes=10 * one))
    need = 10 * one // plan.batch
    plan = planner.plan(ASK, budget=Budget(memory_bytes=3 * need))
    assert (plan.batch, plan.complete, len(plan.considered)) == (3, True, 8)
    assert (plan.steps_done, plan.steps_asked) == (12, 12)
    assert net.sizes[-12:] == [3] * 8 + [2] * 4
    with pytest.raises(BudgetError, match="at least"):
        planner.plan(ASK, budget=Budget(memory_bytes=1))


def test_out_of_memory_halves_the_batch_and_finishes(maker, spy, caplog) -> None:
    denoiser, events = spy(maker().denoiser, room=3), []
    with caplog.at_level(logging.WARNING, "agentic_diffusion"):
        plan = maker(denoiser=denoiser).plan(ASK, watch=events.append)
    assert (plan.batch, plan.complete, len(plan.considered)) == (2, True, 8)
    assert (plan.steps_done, plan.steps_asked) == (16, 16)
    assert [(e.step, e.total) for e in events] == [(k, 16) for k in range(1, 17)]
    assert caplog.messages == [
        "out of memory: going on with batches of 4 candidates",
        "out of memory: going on with batches of 2 candidates",
    ]


def test_steps_that_ran_out_of_memory_half_way_are_not_counted_as_made(maker, spy) -> None:
    events = []
    denoiser = spy(maker().denoiser, fail_at=3)  # two steps of eight candidates are lost
    plan = maker(denoiser=denoiser).plan(ASK, watch=events.append)
    assert denoiser.calls == [8, 8, 8] + [4] * 8
    assert (plan.complete, plan.steps_done, plan.steps_asked, plan.batch) == (True, 8, 8, 4)
    assert [e.step for e in events] == list(range(1, 11))
    assert events[-1].total == 10
    stopped = maker(denoiser=spy(maker().denoiser, fail_at=3), count=8)
    plan = stopped.plan(ASK, budget=Budget(stop=lambda: len(stopped.denoiser.calls) == 10))
    assert (plan.ending, plan.steps_done, plan.steps_asked, len(plan.considered)) == ("stopped", 7, 8, 8)


def test_no_room_for_one_candidate_is_an_error_or_the_end(maker, spy) -> None:
    with pytest.raises(BudgetError, match="room for at least one"):
        maker(denoiser=spy(maker().denoiser, room=0)).plan(ASK)
    late = spy(maker().denoiser, fail_at=6)  # the first candidate is done, the second fails
    plan = maker(denoiser=late, count=2).plan(ASK, budget=Budget(memory_bytes=1_000_000))
    assert plan.complete
    one_by_one = spy(maker().denoiser, fail_at=7)
    need = maker(count=1)._fitting(maker()._begin(ASK, 0, Budget(memory_bytes=10**9)))
    plan = maker(denoiser=one_by_one, count=3).plan(ASK, budget=Budget(memory_bytes=10**9 // need))
    assert (plan.ending, len(plan.considered), plan.batch) == ("memory", 1, 1)
    assert (plan.steps_done, plan.complete) == (4, False)
    assert plan.notes[0].startswith("memory_bytes=")


def test_when_not_one_candidate_fits_the_device_planning_goes_on_on_the_host(maker, spy, monkeypatch) -> None:
    full = spy(maker().denoiser)

    def short(x, t, condition):  # the device has room for nothing, its copy on the host for all
        if not gone:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return full(x, t, condition)

    gone = []
    monkeypatch.setattr(Compute, "spare", property(lambda self: Compute("cpu", threads=None)))
    monkeypatch.setattr(Compute, "copied", lambda self, value: gone.append(1) or value)
    plan = maker(denoiser=short).plan(ASK, seed=3)
    assert plan.complete
    assert full.calls == [8] * 4
    assert plan.notes == (
        "out of memory: batches of 4 candidates",
        "out of memory: batches of 2 candidates",
        "out of memory: batches of 1 candidates",
        "out of memory on cpu: went on on cpu",
    )
    assert (plan.steps_done, plan.steps_asked, plan.batch) == (4, 4, 8)


def test_what_memory_was_granted_is_kept_on_the_host(maker, spy, monkeypatch) -> None:
    full = spy(maker().denoiser)

    def short(x, t, condition):  # the device has room to weigh one candidate, and for nothing afterwards
        if weighed and not gone:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return full(x, t, condition)

    gone, weighed = [], []
    planner = maker(denoiser=short)
    granted = Budget(
        memory_bytes=3 * (10**9 // planner._fitting(planner._begin(ASK, 0, Budget(memory_bytes=10**9))))
    )
    run = planner._begin(ASK, 0, granted)
    run.granted = run.rows_at_once = planner._fitting(run)
    assert run.granted == 3
    monkeypatch.setattr(Compute, "spare", property(lambda self: Compute("cpu", threads=None)))
    monkeypatch.setattr(Compute, "copied", lambda self, value: gone.append(1) or value)
    fitting = type(planner)._fitting
    monkeypatch.setattr(
        type(planner), "_fitting", lambda self, run: (fitting(self, run), weighed.append(1))[0]
    )
    full.calls.clear()
    plan = planner.plan(ASK, budget=granted)
    assert plan.notes[-1] == "out of memory on cpu: went on on cpu"
    assert (max(full.calls), plan.batch, len(plan.considered)) == (3, 3, 8)
    assert (plan.steps_done, plan.steps_asked) == (12, 12)


REQUESTS = [Reach(start=(k / 10, -0.5), goal=(1.0, None)) for k in range(5)] + [
    Reach(),
    Reach(goal=(1.0, 0.5)),
]


def close(one, other) -> bool:
    pairs = zip(one.considered, other.considered, strict=True)
    return all(
        torch.allclose(torch.tensor(a.value.states), torch.tensor(b.value.states), atol=1e-5)
        for a, b in pairs
    )


@pytest.mark.parametrize("kernel", ["ddim", "ancestral", "particles"])
def test_many_plans_at_once_are_those_of_one_by_one(maker, spy, kernel) -> None:
    process = maker().process
    moves = {
        "ddim": ddim(process),
        "ancestral": ancestral(process),
        "particles": particles(ancestral(process), lambda belief, x, t: belief.mean[:, 2, 0]),
    }
    counted = spy(maker().denoiser)
    seeds = [3, 1, 4, 1, 5, 9, 2]
    alone = [maker(kernel=moves[kernel]).plan(r, seed=s) for r, s in zip(REQUESTS, seeds, strict=True)]
    many = maker(denoiser=counted, kernel=moves[kernel]).plan_many(REQUESTS, seeds=seeds, at_once=4)
    assert counted.calls == [32] * 4 + [24] * 4
    for one, other in zip(alone, many, strict=True):
        assert close(one, other)
        assert (one.request, one.seed, one.steps_done) == (other.request, other.seed, other.steps_done)
        assert other.complete
        assert other.notes == ()


def test_requests_that_cannot_be_joined_are_planned_alone(maker, spy) -> None:
    counted = spy(maker().denoiser)
    planner = maker(denoiser=counted)
    domain = planner.domain

    class Odd:
        def __getattr__(self, name):
            return getattr(domain, name)

        def condition(self, request):
            return Condition(lambda x: x, domain.condition(request).context)

    plans = maker(denoiser=counted, domain=Odd()).plan_many(REQUESTS[:2], seeds=[1, 2])
    assert counted.calls == [8] * 8
    assert [plan.request for plan in plans] == REQUESTS[:2]
    assert planner.plan_many([]) == []


def test_each_of_many_has_its_own_budget_and_watch(maker) -> None:
    told = {0: [], 1: [], 2: []}
    budgets = [Budget(), Budget(stop=lambda: len(told[1]) >= 2), Budget(milliseconds=1e-6)]
    plans = maker().plan_many(
        REQUESTS[:3], budgets=budgets, watch=lambda k, event: told[k].append(event.step)
    )
    assert [plan.ending for plan in plans] == ["complete", "stopped", "deadline"]
    assert told == {0: [1, 2, 3, 4], 1: [1, 2], 2: [1]}
    assert [plan.steps_done for plan in plans] == [4, 2, 1]
    with pytest.raises(InvalidConfigError, match="2 seeds for 3 requests"):
        maker().plan_many(REQUESTS[:3], seeds=[1, 2])
    with pytest.raises(InvalidConfigError, match="at_once=0"):
        maker().plan_many(REQUESTS[:3], at_once=0)


def test_many_requests_share_what_memory_there_is(maker, spy) -> None:
    alone = [maker().plan(request) for request in REQUESTS[:4]]
    cramped = spy(maker().denoiser, room=16)
    plans = maker(denoiser=cramped).plan_many(REQUESTS[:4])
    assert cramped.calls == [32] + [16] * 8
    assert all(close(one, other) for one, other in zip(alone, plans, strict=True))
    assert {plan.notes for plan in plans} == {("out of memory with 4 requests at once",)}
    need = maker()._fitting(maker()._begin(ASK, 0, Budget(memory_bytes=10**9)))
    granted = Budget(memory_bytes=16 * (10**9 // need))
    counted = spy(maker().denoiser)
    maker(denoiser=counted).plan_many(REQUESTS[:4], budgets=[Budget(), granted, granted, Budget()])
    assert max(counted.calls) == 16


def test_other_errors_are_not_swallowed(maker) -> None:
    def broken(x, t, condition):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        maker(denoiser=broken).plan(ASK)


def test_competing_candidates_have_clean_drafts_too(maker) -> None:
    process = maker().process
    kernel = particles(ancestral(process), lambda belief, x, t: belief.mean[:, 2, 0])
    plan = maker(kernel=kernel).plan(ASK, budget=Budget(stop=lambda: True))
    spread = max(abs(c.value.states[2][0]) for c in plan.considered)
    assert plan.steps_done == 1
    assert spread < 0.1


def test_a_kernel_that_forgets_its_belief_gives_its_state(maker) -> None:
    def forgetful(step, s, believe, rng):
        moved = ancestral(maker().process)(step, s, believe, rng)
        return type(moved)(moved.x, moved.t)

    draft = next(maker(kernel=forgetful).drafts(ASK))
    assert draft.states[:, 1:-1].abs().max().item() > 0.3


def test_a_verifier_must_judge_every_candidate(maker) -> None:
    with pytest.raises(InvalidConfigError, match="7 verdicts for 8 candidates"):
        maker(verify=lambda request, values: accept(request, values)[1:]).plan(ASK)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"count": 0}])
def test_impossible_planners_are_refused(maker, wrong) -> None:
    with pytest.raises(InvalidConfigError, match="Planner"):
        maker(**wrong)


def test_one_line_is_logged_for_each_plan(maker, caplog) -> None:
    with caplog.at_level(logging.INFO, "agentic_diffusion"):
        maker().plan(ASK)
    (line,) = caplog.messages
    assert line.startswith(
        "plan ending=complete passed=True confidence=0.900 candidates=8 steps=4/4 seconds="
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_planning_on_a_gpu_agrees_with_the_cpu(maker) -> None:
    from agentic_diffusion.compute import Compute
    from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
    from agentic_diffusion.denoising.nn.dit import TrajectoryDiT
    from agentic_diffusion.denoising.schedule import Cosine

    def plan(device):
        torch.manual_seed(0)
        net = GaussianNet(TrajectoryDiT(6, 2, width=16, depth=1, heads=2), Cosine(), target=PredictTruth())
        return maker(denoiser=net, compute=Compute(device)).plan(ASK, budget=Budget(milliseconds=60_000))

    ours, theirs = plan("cpu"), plan("cuda")
    for a, b in zip(ours.considered, theirs.considered, strict=True):
        assert torch.allclose(torch.tensor(a.value.states), torch.tensor(b.value.states), atol=1e-3)
