import asyncio
import runpy
import time
from pathlib import Path

import pytest
from agentic_diffusion.errors import BudgetError, InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.batcher import Batcher
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion_mcp import Desk, Organ, ServerLimits

HOUSE = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
REQUEST, make_planner = Reach.model_validate(HOUSE["REQUEST"]), HOUSE["make_planner"]


def desk(planner=None, limits=None, **more):
    organ = Organ("plan", planner or make_planner(), request=Reach, about="Plan.", **more)
    return organ, Desk([organ], limits or ServerLimits())


def test_a_deadline_gives_the_best_so_far():
    organ, table = desk(make_planner(seconds=0.05), ServerLimits(plan_seconds=0.12))
    found = asyncio.run(table.plan(organ, REQUEST))
    assert found.ending == "deadline"
    assert "ended early" in table.explain(found.plan_id).summary
    quick = asyncio.run(table.plan(organ, REQUEST, seconds=0.06))
    assert quick.ending == "deadline"


def test_more_than_can_wait_are_refused_at_once():
    organ, table = desk(make_planner(seconds=0.02), ServerLimits(at_once=1, waiting=1))

    async def three():
        return await asyncio.gather(*(table.plan(organ, REQUEST) for _ in range(3)), return_exceptions=True)

    found = asyncio.run(three())
    assert sum(isinstance(one, BudgetError) for one in found) == 1
    assert asyncio.run(table.plan(organ, REQUEST)).passed in (True, False)


def test_cancelling_ends_the_thread():
    organ, table = desk(make_planner(seconds=0.02))

    async def leave():
        task = asyncio.create_task(table.plan(organ, REQUEST))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.06)
        made = organ.planner.denoiser.calls
        await asyncio.sleep(0.06)
        return made, organ.planner.denoiser.calls

    before, after = asyncio.run(leave())
    assert before == after < 10


class Counting:
    """Counts how many plans it makes at the same time; leaving does not hurry it."""

    def __init__(self, inner):
        self.inner, self.now, self.most, self.made = inner, 0, 0, 0

    def plan(self, request, *, seed=0, budget=None, watch=None):
        self.now += 1
        self.most = max(self.most, self.now)
        time.sleep(0.1)
        self.now -= 1
        self.made += 1
        return self.inner.plan(request, seed=seed, budget=budget, watch=watch)


def test_a_turn_is_free_when_its_thread_has_ended_not_when_its_client_has_left():
    counting = Counting(make_planner())
    organ, table = desk(counting, ServerLimits(at_once=1, waiting=8))

    async def impatient():
        for _ in range(3):
            task = asyncio.create_task(table.plan(organ, REQUEST))
            await asyncio.sleep(0.02)
            task.cancel()
        return await table.plan(organ, REQUEST)

    assert asyncio.run(impatient()).passed in (True, False)
    assert counting.most == 1
    assert counting.made == 2  # whoever left before its turn came was never planned for
    assert table._turns[organ].inside == 0


def test_waiting_counts_towards_the_deadline_of_a_client():
    organ, table = desk(make_planner(seconds=0.05), ServerLimits(at_once=1))

    async def two():
        return await asyncio.gather(
            table.plan(organ, REQUEST), table.plan(organ, REQUEST, seconds=0.3), return_exceptions=True
        )

    first, second = asyncio.run(two())
    assert first.ending == "complete"  # ten steps of 50 ms
    assert second.ending == "deadline"
    assert table.explain(second.plan_id).steps_done == 1


def test_clients_of_a_batcher_share_a_batch():
    planner = make_planner(seconds=0.02)
    organ, table = desk(Batcher(planner, most=4, wait=5.0), ServerLimits(at_once=1), at_once=4)

    async def four():
        return await asyncio.gather(*(table.plan(organ, REQUEST, seed=n) for n in range(4)))

    found = asyncio.run(four())
    assert planner.denoiser.calls == planner.steps
    alone = [make_planner().plan(REQUEST, seed=n).chosen.verdict.score for n in range(4)]
    assert [table._find(one.plan_id)[0].chosen.verdict.score for one in found] == pytest.approx(alone)
    with pytest.raises(InvalidConfigError, match="take turns"):
        Organ("plan", planner, request=Reach, about="Plan.", at_once=0)


def test_too_large_a_request_is_not_planned():
    organ, table = desk(limits=ServerLimits(request_bytes=20))
    with pytest.raises(InvalidStateError, match="Ask for less"):
        asyncio.run(table.plan(organ, REQUEST))
    assert organ.planner.denoiser.calls == 0


def test_what_does_not_pass_may_be_withheld():
    low = make_planner(bends=(-0.5,))
    for withhold in (True, False):
        organ, table = desk(low, withhold=withhold)
        found = asyncio.run(table.plan(organ, REQUEST))
        assert not found.passed
        assert (found.value is None) is withhold
        assert "did not pass" in table.explain(found.plan_id).summary


def test_old_plans_are_forgotten():
    organ, table = desk(limits=ServerLimits(plans_kept=1))
    first, second = (asyncio.run(table.plan(organ, REQUEST, seed=seed)).plan_id for seed in (0, 1))
    assert not table.report(second, 1.0).learned
    with pytest.raises(InvalidStateError, match="last 1 plans"):
        table.report(first, 1.0)


@pytest.mark.parametrize(
    "told",
    [
        {"reward": float("nan")},
        {"reward": 1.0, "evidence": {"log": "x" * 20_000}},
        {"reward": 1.0, "source": "s" * 300},
        {"reward": 1.0, "source": ""},
        {"reward": 1.0, "outcome_id": "i" * 300},
    ],
)
def test_reports_are_bounded(told, learner):
    organ, table = desk(learner=learner)
    name = asyncio.run(table.plan(organ, REQUEST)).plan_id
    with pytest.raises(InvalidStateError, match="facts that matter"):
        table.report(name, **told)
    assert learner.told == []


def test_plans_are_made_at_once():
    counting = Counting(make_planner())
    organ, table = desk(counting, ServerLimits(at_once=4))

    async def four():
        return await asyncio.gather(*(table.plan(organ, REQUEST, seed=n) for n in range(4)))

    assert len(asyncio.run(four())) == counting.most == 4


def test_who_waits_for_one_organ_does_not_fill_the_line_of_another():
    slow, other = Counting(make_planner()), Counting(make_planner())
    one = Organ("one", slow, request=Reach, about="Plan.")
    two = Organ("two", other, request=Reach, about="Plan.", at_once=2)
    table = Desk([one, two], ServerLimits(at_once=1, waiting=1))

    async def some():
        asked = [table.plan(one, REQUEST) for _ in range(3)] + [table.plan(two, REQUEST) for _ in range(4)]
        return await asyncio.gather(*asked, return_exceptions=True)

    refused = [isinstance(each, BudgetError) for each in asyncio.run(some())]
    assert refused == [False, False, True, False, False, False, True]
    assert (slow.most, other.most) == (1, 2)


def test_what_became_of_single_steps_is_not_for_clients_to_say(learner):
    organ, table = desk(learner=learner)
    name = asyncio.run(table.plan(organ, REQUEST)).plan_id
    table.report(name, 0.0, evidence={"steps": [{"step": 0, "tool": "a", "reward": 0.0}], "why": "cold"})
    assert learner.told[0].evidence == {"plan": name, "why": "cold"}


def test_what_a_client_says_may_be_turned_into_a_request():
    organ, table = desk(to_request=lambda said: Reach(start=said["from"], goal=said["to"]))
    told = {"from": [-1.0, 0.0], "to": [1.0, 0.0]}
    name = asyncio.run(table.plan(organ, told, seed=3)).plan_id
    assert table.explain(name).request == REQUEST.model_dump(mode="json")


def test_a_request_that_cannot_be_made_is_refused_before_anything_waits():
    def refuse(said):
        raise InvalidStateError("that", "this", "Say this.")

    organ, table = desk(to_request=refuse, limits=ServerLimits(at_once=1, waiting=0))
    for _ in range(2):
        with pytest.raises(InvalidStateError, match="Say this"):
            asyncio.run(table.plan(organ, REQUEST))
