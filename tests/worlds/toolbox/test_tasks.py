"""Tasks can be solved by construction, which brute force confirms, and are judged by the state they end in."""

from itertools import islice

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.toolbox.catalog import ACTING, BY_NAME, FACTS
from agentic_diffusion_worlds.toolbox.tasks import (
    HELD_PAIRS,
    LONGEST,
    LOST,
    Task,
    families,
    goals,
    solution,
    tasks,
)


def run(calls, state):
    now = dict(state)
    for name in calls:
        assert all(now[need] == value for need, value in BY_NAME[name].needs.items()), name
        now.update(BY_NAME[name].sets)
    return now


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_solutions_are_executable_and_reach_the_goal(split):
    lengths = set()
    for task in tasks(150, seed=2, split=split):
        if task.hopeless:
            assert any(task.start[name] == value for name, value in LOST.values())
            continue
        for second in (frozenset(), frozenset(range(11))):
            calls = solution(task.goal, task.start, second=second)
            assert 1 <= len(calls) <= LONGEST
            assert task.solved(run(calls, task.start), handed_over=False)
        lengths.add(len(calls))
    assert len(lengths) > 6


def shortest(goal, start):
    """Breadth first, over the facts of the goal's family alone, without wiping anything."""
    (family,) = {word.split(".")[0] for word in goal}
    names = [name for name in FACTS if name.startswith(family)]
    tools = [tool for tool in ACTING if tool.family == family and tool.name != "device_wipe"]
    seen, edge = set(), [tuple(start[name] for name in names)]
    for depth in range(9):
        states = [dict(zip(names, row, strict=True)) for row in edge]
        if any(all(state[w.split("=")[0]] == w.split("=")[1] for w in goal) for state in states):
            return depth
        seen |= set(edge)
        after = {
            tuple({**state, **tool.sets}[name] for name in names)
            for state in states
            for tool in tools
            if all(state[need] == value for need, value in tool.needs.items())
        }
        edge = sorted(after - seen)
    return None


def test_solutions_are_shortest_and_hopeless_tasks_have_none():
    single = (task for task in tasks(400, seed=4) if len(task.goal) == 1)
    for task in islice(single, 60):
        depth = shortest(task.goal, task.start)
        assert depth == (None if task.hopeless else len(solution(task.goal, task.start)))


def test_the_same_seed_gives_the_same_tasks_and_splits_do_not_share_goals():
    assert list(tasks(5, seed=1)) == list(tasks(5, seed=1)) != list(tasks(5, seed=2))
    assert not set(goals("train")) & set(goals("held-out"))
    assert set(HELD_PAIRS) <= set(families("held-out"))
    with pytest.raises(InvalidConfigError):
        list(tasks(-1, seed=0))


def test_harm_beyond_the_goal_and_needless_handing_over_are_no_success():
    task = next(task for task in tasks(50, seed=5) if not task.hopeless and task.families() == {"device"})
    good = run(solution(task.goal, task.start), task.start)
    assert task.solved(good, handed_over=False)
    assert not task.solved(good, handed_over=True)
    assert not task.solved(task.start, handed_over=False)
    assert not task.solved({**good, "account.state": "closed"}, handed_over=False)
    hopeless = Task(goal=task.goal, start=task.start, hopeless=True)
    assert hopeless.solved(task.start, handed_over=True)
    assert not hopeless.solved({**task.start, "order.stage": "cancelled"}, handed_over=True)
