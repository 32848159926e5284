"""The benchmark: paired starts, the same figures for the same seed, and no driver above the ceiling."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.bench import CEILING, DIFFUSER, ORACLE, OURS, ROWS, MazeBench
from agentic_diffusion_worlds.maze.map import UMAZE, Maze
from agentic_diffusion_worlds.maze.planner import assemble
from agentic_diffusion_worlds.maze.score import oracle_row, report, starts

SEEDS, EPISODES = (0, 5), 2


def make(routes, **more):
    planner = routes.make_planner(UMAZE)
    return MazeBench(UMAZE, planner, seeds=SEEDS, episodes=EPISODES, **more)


@pytest.fixture(scope="module")
def driven(routes):
    bench = make(routes)
    ticks = list(bench.run())
    return bench, ticks, {row["name"]: row for row in bench.rows}


def test_every_row_is_there_in_order_and_every_episode_ticked(driven):
    bench, ticks, _ = driven
    assert [row["name"] for row in bench.rows] == list(ROWS)
    assert [tick.done for tick in ticks] == [1, 2, 3, 4] * len(ROWS)
    assert {tick.total for tick in ticks} == {4}


def test_ours_beats_the_oracle_and_nobody_the_ceiling(driven):
    rows = driven[2]
    assert rows[OURS]["raw"]["mean"] > rows[ORACLE]["raw"]["mean"] > rows["random"]["raw"]["mean"]
    assert all(row["raw"]["mean"] <= rows[CEILING]["raw"]["mean"] for row in rows.values())
    assert rows[OURS]["reached"]["mean"] == 1.0
    assert rows["shortest cells, our tracker"]["reached"]["mean"] == 1.0
    for row in rows.values():
        assert row["size"] == "umaze"
        assert row["raw"]["n"] == 4
        low, high = row["raw"]["ci95"]
        assert low <= row["raw"]["mean"] <= high


def test_starts_are_those_of_the_seeds(driven):
    alone = [e for seed in SEEDS for e in oracle_row(UMAZE, starts(UMAZE, seed=seed, count=2), seed=seed)]
    assert driven[2][ORACLE]["raw"] == report(UMAZE, alone)["raw"].to_json()


def test_plans_are_timed_with_what_they_took(driven):
    ours, single = driven[2][OURS], driven[2][DIFFUSER]
    assert ours["candidates"] == 4
    assert single["candidates"] == 1
    assert single["plans"] == 4
    assert ours["plans"] >= 4
    assert 0 < ours["plan_ms_p50"] <= ours["plan_ms_p95"]
    assert ours["steps"] == 2
    assert ours["device"] == "cpu"
    assert np.mean(ours["seed_means"]) == pytest.approx(ours["raw"]["mean"])
    assert len(ours["seed_means"]) == len(SEEDS)


def test_the_same_seeds_give_the_same_figures(tiny, tiny_network):
    planner = assemble(UMAZE, tiny, denoiser=tiny_network, steps=1, count=2)
    figures = []
    for _ in range(2):
        bench = MazeBench(UMAZE, planner, seeds=[1], episodes=1, only=[DIFFUSER, OURS])
        list(bench.run())
        figures.append([{k: v for k, v in row.items() if "plan_ms" not in k} for row in bench.rows])
    assert figures[0] == figures[1]


def test_a_row_can_be_driven_alone_and_again(routes):
    bench = make(routes, only=[CEILING], goal_starts=True)
    for _ in range(2):
        list(bench.run())
        assert [row["name"] for row in bench.rows] == [CEILING]


def test_a_maze_without_references_is_measured_by_its_return(routes):
    plain = Maze("mine", UMAZE.map, goal=UMAZE.goal, limit=100)
    bench = MazeBench(plain, routes.make_planner(plain), seeds=[0], episodes=1, only=[OURS])
    list(bench.run())
    assert "raw" not in bench.rows[0]
    assert bench.rows[0]["seed_means"] == [bench.rows[0]["return"]["mean"]]


@pytest.mark.parametrize(
    "wrong", [{"seeds": []}, {"episodes": 0}, {"only": ["best"]}, {"only": []}], ids=lambda wrong: str(wrong)
)
def test_settings_that_make_no_sense_are_refused(routes, wrong):
    settings = {"seeds": SEEDS, "episodes": EPISODES, **wrong}
    with pytest.raises(InvalidConfigError):
        MazeBench(UMAZE, routes.make_planner(UMAZE), **settings)
