"""Learning happens in a thread of its own, and whole plans are told once, with what their steps were worth."""

import gc
import logging
import threading
import time

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.shelf import PlanShelf, plan_id
from agentic_diffusion.records import Candidate, Outcome, Plan, Record, Verdict
from langgraph_agentic_diffusion import Background, PlanOutcomes, StepOf, ToolUse


class Steps(Record):
    """A value with steps."""

    steps: tuple[str, ...]


class Notebook:
    def __init__(self, pause=0.0, fail_on=()):
        self.outcomes, self.threads, self.pause, self.fail_on = [], set(), pause, fail_on

    def learn(self, outcome):
        time.sleep(self.pause)
        self.threads.add(threading.current_thread().name)
        if outcome.reward in self.fail_on:
            raise ValueError("no")
        self.outcomes.append(outcome)


def number(reward):
    return Outcome[str, str](request="q", value="v", reward=reward)


def make_plan(*steps, seed=0):
    chosen = Candidate(value=Steps(steps=steps), verdict=Verdict(passed=True, score=0.0))
    return Plan[str, Steps](
        request="cake",
        chosen=chosen,
        confidence=1.0,
        considered=(chosen,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0.0,
        seed=seed,
    )


def use(plan, step, reward=1.0, *, thread="t", trust=1.0, attempt=1):
    of = None if plan is None else StepOf(plan=plan_id(plan), step=step)
    told = ToolUse(tool=f"tool{step}", call=f"c{step}", digest="d", thread=thread, of=of, attempt=attempt)
    return Outcome[str, ToolUse](
        request="cake", value=told, reward=reward, trust=trust, evidence={"passed": reward > 0}, planner="v7"
    )


def test_outcomes_are_learnt_in_order_in_another_thread(caplog):
    notebook = Notebook(fail_on=(3.0,))
    with Background(notebook) as learner:
        for reward in range(5):
            learner.learn(number(float(reward)))
        assert learner.flush(seconds=10)
        assert [outcome.reward for outcome in notebook.outcomes] == [0.0, 1.0, 2.0, 4.0]
        assert notebook.threads == {"agentic-diffusion-feedback"}
    assert "an outcome was not learnt" in caplog.text
    learner.learn(number(9.0))
    assert learner.dropped == 1
    assert learner.flush(seconds=1)
    learner.close()


def test_telling_does_not_wait_for_learning(caplog):
    learner = Background(Notebook(pause=0.2), room=2)
    began = time.perf_counter()
    for reward in range(10):
        learner.learn(number(float(reward)))
    assert time.perf_counter() - began < 0.15
    assert learner.dropped >= 6
    assert caplog.text.count("dropped") == 1
    assert not learner.flush(seconds=0.01)
    learner.close()


def test_what_waits_is_learnt_when_the_learner_is_let_go():
    notebook = Notebook(pause=0.01)
    learner = Background(notebook)
    for reward in range(5):
        learner.learn(number(float(reward)))
    del learner
    gc.collect()
    assert len(notebook.outcomes) == 5


def test_no_room_is_refused():
    with pytest.raises(InvalidConfigError, match="room=0"):
        Background(Notebook(), room=0)
    with pytest.raises(InvalidConfigError, match="room=0"):
        PlanShelf(room=0)


def test_a_shelf_keeps_the_last_plans():
    shelf, plans = PlanShelf(room=2), [make_plan("a", seed=seed) for seed in range(3)]
    names = [shelf.put(plan) for plan in plans]
    assert names == [plan_id(plan) for plan in plans]
    assert [shelf.get(name) for name in names] == [None, plans[1], plans[2]]
    shelf.put(plans[1])
    shelf.put(plans[0])
    assert shelf.get(names[2]) is None
    assert shelf.get(names[1]) == plans[1]


@pytest.fixture
def outcomes():
    return PlanOutcomes(Notebook(), PlanShelf())


def test_a_plan_is_told_when_all_its_steps_went_well(outcomes):
    plan = make_plan("a", "b", seed=5)
    outcomes.shelf.put(plan)
    outcomes.learn(use(plan, 1, 0.5, trust=0.25))
    assert outcomes.sink.outcomes == []
    outcomes.learn(use(plan, 0, 1.0))
    (told,) = outcomes.sink.outcomes
    assert (told.request, told.value, told.plan_seed, told.planner) == ("cake", plan.chosen.value, 5, "v7")
    assert (told.reward, told.trust, told.source) == (0.75, 0.25, "tools")
    assert [step["trust"] for step in told.evidence["steps"]] == [1.0, 0.25]
    assert (told.evidence["plan"], told.evidence["tried"], told.evidence["of"]) == (plan_id(plan), 2, 2)
    first = told.evidence["steps"][0]
    assert (
        first.items() >= {"step": 0, "tool": "tool0", "reward": 1.0, "attempt": 1, "source": "world"}.items()
    )
    outcomes.settle(thread="t")
    assert len(outcomes.sink.outcomes) == 1


def test_a_plan_that_failed_is_told_when_it_is_settled_and_may_be_mended_before(outcomes):
    mended, failed = make_plan("a", seed=1), make_plan("a", "b", seed=2)
    for plan in (mended, failed):
        outcomes.shelf.put(plan)
    outcomes.learn(use(mended, 0, 0.0))
    assert outcomes.sink.outcomes == []
    outcomes.learn(use(mended, 0, 1.0, attempt=2))
    assert outcomes.sink.outcomes[0].reward == 1.0
    outcomes.learn(use(failed, 0, 1.0))
    outcomes.settle(thread="other")
    assert len(outcomes.sink.outcomes) == 1
    outcomes.settle(thread="t")
    assert outcomes.sink.outcomes[1].reward == 0.5
    assert outcomes.sink.outcomes[1].evidence["tried"] == 1


def test_a_late_word_on_one_call_counts_with_the_other_steps_of_its_plan(outcomes):
    plan = make_plan("a", "b", "c", "d")
    outcomes.shelf.put(plan)
    for step in range(4):
        outcomes.learn(use(plan, step))
    late = use(plan, 3).model_copy(update={"reward": 0.6, "source": "person", "trust": 0.9, "evidence": {}})
    outcomes.learn(late)
    first, second = outcomes.sink.outcomes
    assert (first.reward, second.reward, second.trust) == (1.0, pytest.approx(0.9), 0.9)
    assert (second.evidence["tried"], second.evidence["of"]) == (4, 4)
    assert second.evidence["steps"][3].items() >= {"source": "person", "outcome": late.id}.items()
    assert second.id != first.id
    outcomes.settle(thread="t")
    assert len(outcomes.sink.outcomes) == 2


def test_a_plan_that_goes_on_after_it_was_settled_keeps_the_steps_that_were_made(outcomes):
    plan = make_plan("a", "b", "c")
    outcomes.shelf.put(plan)
    outcomes.learn(use(plan, 0))
    outcomes.learn(use(plan, 1, 0.0))
    outcomes.settle(thread="t")
    outcomes.learn(use(plan, 1, attempt=2))
    outcomes.learn(use(plan, 2))
    assert [told.reward for told in outcomes.sink.outcomes] == [pytest.approx(1 / 3), 1.0]


def test_a_plan_that_is_carried_out_another_time_begins_anew(outcomes):
    plan = make_plan("a", "b")
    outcomes.shelf.put(plan)
    for attempt in (1, 2):
        outcomes.learn(use(plan, 0, attempt=attempt))
        outcomes.learn(use(plan, 1, float(attempt == 1), attempt=attempt))
        outcomes.settle(thread="t")
    assert [told.reward for told in outcomes.sink.outcomes] == [1.0, 0.5]


def test_no_more_plans_are_remembered_than_there_is_room():
    outcomes = PlanOutcomes(Notebook(), PlanShelf(), room=2)
    for seed in range(5):
        outcomes.shelf.put(plan := make_plan("a", seed=seed))
        outcomes.learn(use(plan, 0))
    assert len(outcomes._told) == 2
    assert len(outcomes.sink.outcomes) == 5


def test_plans_are_gathered_in_front_of_the_thread_and_not_behind_it():
    outcomes = PlanOutcomes(Notebook(), PlanShelf())
    with pytest.raises(InvalidConfigError, match=r"PlanOutcomes\(Background\(learner\), shelf\)"):
        Background(outcomes)


def test_uses_without_a_known_plan_pass_by_and_everything_may_be_told_besides():
    also = Notebook()
    outcomes = PlanOutcomes(Notebook(), PlanShelf(), also=also)
    outcomes.learn(use(None, 0))
    outcomes.learn(use(make_plan("never shelved"), 0))
    outcomes.settle(thread="t")
    assert outcomes.sink.outcomes == []
    assert len(also.outcomes) == 2


def test_too_many_open_plans_settle_the_oldest():
    outcomes = PlanOutcomes(Notebook(), PlanShelf(), room=2)
    plans = [make_plan("a", "b", seed=seed) for seed in range(3)]
    for plan in plans:
        outcomes.shelf.put(plan)
        outcomes.learn(use(plan, 0))
    assert [told.plan_seed for told in outcomes.sink.outcomes] == [0]


def test_a_plan_that_left_the_shelf_is_not_told(caplog):
    caplog.set_level(logging.DEBUG)
    outcomes = PlanOutcomes(Notebook(), PlanShelf(room=1))
    plan = make_plan("a", "b")
    outcomes.shelf.put(plan)
    outcomes.learn(use(plan, 0))
    outcomes.shelf.put(make_plan("c", seed=9))
    outcomes.settle(thread="t")
    assert outcomes.sink.outcomes == []


def test_the_same_steps_are_told_under_the_same_name(outcomes):
    plan = make_plan("a")
    outcomes.shelf.put(plan)
    once = use(plan, 0)
    outcomes.learn(once)
    outcomes.learn(once)
    first, second = outcomes.sink.outcomes
    assert first.id == second.id
    outcomes.learn(use(plan, 0))
    assert outcomes.sink.outcomes[2].id != first.id
