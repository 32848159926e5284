"""The benchmark of coins: paired tasks, rows in order, and the order that must come out where the truth is known."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.coinbench import (
    CROSSED,
    DIFFUSER,
    GRADIENT,
    LEGS,
    MCSS,
    TWICE,
    UNAWARE,
    ZERO_SHOT,
    CoinBench,
    coin_drivers,
)
from agentic_diffusion_worlds.maze.coins import CoinSuite, suite_tasks
from agentic_diffusion_worlds.maze.map import UMAZE

SUITE = CoinSuite("maze2d-umaze", UMAZE, ((1, 3), (3, 1)), roaming=True)


@pytest.fixture(scope="module")
def driven(routes):
    drivers = coin_drivers(routes.make_planner(UMAZE), candidates=4, steps=1)
    bench = CoinBench(SUITE, drivers, seeds=(0, 1), tries=1)
    ticks = list(bench.run())
    return bench, ticks


def test_every_row_is_driven_over_the_same_tasks(driven):
    bench, ticks = driven
    names = [row["name"] for row in bench.rows]
    assert names == [UNAWARE, DIFFUSER, MCSS, GRADIENT, ZERO_SHOT, TWICE, CROSSED, LEGS]
    assert [(tick.done, tick.total) for tick in ticks] == [(n, 4) for n in (1, 2, 3, 4)] * 8
    for row in bench.rows:
        assert row["score"]["n"] == 2
        assert len(row["tasks"]) == 4
        assert row["score"]["mean"] == pytest.approx(sum(row["seed_means"]) / 2)
        assert row["suite"] == SUITE.name


def test_being_told_the_way_reaches_what_the_others_leave(driven):
    rows = {row["name"]: row for row in driven[0].rows}
    assert rows[LEGS]["score"]["mean"] > rows[UNAWARE]["score"]["mean"]
    assert rows[LEGS]["score"]["mean"] > 60
    assert rows[UNAWARE]["reached"]["mean"] == 1.0
    assert rows[MCSS]["score"]["mean"] >= rows[UNAWARE]["score"]["mean"]


def test_fresh_starts_are_those_of_the_seeds(routes):
    planner = coin_drivers(routes.make_planner(UMAZE), candidates=2, steps=1)[UNAWARE]
    asked = []

    class Asked:
        def plan(self, request, *, seed=0, budget=None, watch=None):
            asked.append(request)
            return planner.plan(request, seed=seed)

    list(CoinBench(SUITE, {"ours": Asked()}, seeds=(3,), published=False).run())
    assert [task.start for task in asked] == [task.start for task in suite_tasks(SUITE, 3)]


@pytest.mark.parametrize("wrong", [{"seeds": ()}, {"drivers": {}}])
def test_nothing_to_drive_is_refused(routes, wrong):
    settings = {"drivers": coin_drivers(routes.make_planner(UMAZE), candidates=2), "seeds": (0,), **wrong}
    with pytest.raises(InvalidConfigError):
        CoinBench(SUITE, settings["drivers"], seeds=settings["seeds"])
