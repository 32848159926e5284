"""Callers from many threads share batches, get the plans they would get alone, and bear their own errors."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from agentic_diffusion.errors import AgenticDiffusionError, InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.batcher import Batcher
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.planning.protocols import Plans

ASKS = [Reach(start=(k / 10, 0.0), goal=(1.0, None)) for k in range(12)]


class Counting:
    """A planner that notes the sizes of its batches and may be slow."""

    def __init__(self, planner, seconds=0.0):
        self.planner, self.seconds, self.sizes = planner, seconds, []

    def plan_many(self, requests, *, seeds=None, budgets=None, watch=None):
        self.sizes.append(len(requests))
        time.sleep(self.seconds)
        return self.planner.plan_many(requests, seeds=seeds, budgets=budgets, watch=watch)


def at_once(batcher, asks, **more):
    def one(k):
        try:
            return batcher.plan(asks[k], seed=k, **more)
        except (AgenticDiffusionError, RuntimeError) as error:
            return error

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(one, range(len(asks))))


def test_callers_share_batches_and_get_their_own_plans(maker) -> None:
    counting = Counting(maker())
    batcher = Batcher(counting, most=4, wait=2.0)
    assert isinstance(batcher, Plans)
    plans = at_once(batcher, ASKS)
    assert counting.sizes == [4, 4, 4]  # none waited for longer than it took to fill a batch
    for k, plan in enumerate(plans):
        alone = maker().plan(ASKS[k], seed=k)
        assert (plan.request, plan.seed) == (ASKS[k], k)
        assert plan.chosen.value.states[2] == pytest.approx(alone.chosen.value.states[2], abs=1e-5)


def test_who_comes_while_a_batch_is_planned_waits_for_the_next(maker) -> None:
    counting = Counting(maker(), seconds=0.2)
    batcher = Batcher(counting, wait=0.0)
    first = threading.Thread(target=batcher.plan, args=(ASKS[0],))
    first.start()
    while not counting.sizes:
        time.sleep(0.005)
    plans = at_once(batcher, ASKS[1:5])
    first.join()
    assert counting.sizes[0] == 1
    assert sum(counting.sizes) == 5
    assert len(counting.sizes) <= 3
    assert [plan.request for plan in plans] == ASKS[1:5]
    assert batcher.plan(ASKS[7]).request == ASKS[7]  # it rests in between and begins again


def test_an_impossible_request_harms_nobody_else(maker) -> None:
    asks = [ASKS[0], Reach(start=(99.0, 0.0)), ASKS[2]]
    told = at_once(Batcher(maker(), most=3, wait=2.0), asks)
    assert isinstance(told[1], InvalidStateError)
    assert [told[0].request, told[2].request] == [ASKS[0], ASKS[2]]


def test_a_broken_planner_is_heard_of_by_all_and_leaves_nobody_waiting(maker) -> None:
    class Broken:
        def plan_many(self, requests, *, seeds=None, budgets=None, watch=None):
            raise RuntimeError("it broke")

    told = at_once(Batcher(Broken(), most=2, wait=0.05), ASKS[:5])
    assert [str(error) for error in told] == ["it broke"] * 5


def test_waiting_counts_against_the_deadline_and_watchers_hear_of_their_own(maker) -> None:
    events = []
    plan = Batcher(maker(steps=6), wait=0.05).plan(
        ASKS[0], budget=Budget(milliseconds=20), watch=events.append
    )
    assert plan.ending == "deadline"
    assert len(events) == 1
    with pytest.raises(InvalidConfigError, match="most >= 1"):
        Batcher(maker(), most=0)
