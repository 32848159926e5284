"""Scores: the arithmetic, the interval, and the rows that tables compare with."""

import json
from dataclasses import asdict
from heapq import heappop, heappush
from statistics import NormalDist

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.geometry import D4RL, ROBOTICS_V3, Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, MEDIUM, UMAZE, Maze, MazeMap
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.score import (
    Episode,
    Score,
    ceiling_row,
    judge,
    normalised,
    oracle_row,
    random_row,
    report,
    roll,
    run_episode,
    starts,
    summary,
    t_975,
)


def each_cell_once(maze):
    geometry = Geometry(maze.map)
    return np.array([[*geometry.cell_to_xy(cell), 0.0, 0.0] for cell in maze.start_cells()])


def test_normalised_is_0_and_100_at_the_references():
    for maze in MAZES:
        low, high = maze.reference
        assert normalised(low, maze) == 0.0
        assert normalised(high, maze) == pytest.approx(100.0)
    own = Maze(name="own", map=UMAZE.map, goal=(1, 1), limit=10)
    with pytest.raises(InvalidConfigError, match="'own'"):
        normalised(1.0, own)


def test_judge_counts_raw_and_latched():
    states = np.array([[0, 2], [0, 0.4], [0, 0.5], [0, 0.6], [0, 0]], dtype=float)
    episode = judge(states, goal=(0, 0), radius=0.5, contacts=3)
    assert episode == Episode(raw=3.0, latched=4.0, steps_to_goal=2, contacts=3, limit=5)
    assert episode.reached
    never = judge(states + 9, goal=(0, 0), radius=0.5)
    assert never == Episode(raw=0.0, latched=0.0, steps_to_goal=None, contacts=0, limit=5)
    assert not never.reached
    assert Episode(**json.loads(json.dumps(asdict(episode)))) == episode


@pytest.mark.parametrize(
    ("freedom", "table"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (99, 1.9842)],
)
def test_t_quantile_agrees_with_printed_tables(freedom, table):
    assert t_975(freedom) == pytest.approx(table, rel=2e-3)


def test_t_quantile_tends_to_the_normal_one():
    assert t_975(10**7) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-6)


def test_summary_is_mean_and_t_interval():
    score = summary([1.0, 2.0, 3.0])
    assert score.mean == 2.0
    assert score.ci95[1] - 2.0 == pytest.approx(4.3027 / np.sqrt(3), abs=1e-4)
    assert score.ci95[0] + score.ci95[1] == pytest.approx(4.0)
    assert summary([7.0]) == Score(7.0, (7.0, 7.0), 1)
    assert json.loads(json.dumps(score.to_json()))["n"] == 3
    for bad in ([], [np.nan]):
        with pytest.raises(InvalidStateError):
            summary(bad)


def test_interval_covers_the_truth_about_95_times_of_100():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        low, high = summary(rng.normal(3.0, 2.0, 5).tolist()).ci95
        hits += low <= 3.0 <= high
    assert 930 <= hits <= 970


def test_starts_are_paired_and_of_d4rls_spread():
    many = starts(LARGE, seed=1, count=400)
    np.testing.assert_array_equal(many[:10], starts(LARGE, seed=1, count=10))
    assert not np.array_equal(many[:10], starts(LARGE, seed=2, count=10))
    geometry = Geometry(LARGE.map)
    cells = [geometry.xy_to_cell(place) for place in many[:, :2]]
    assert set(cells) == set(LARGE.start_cells())
    off = many[:, :2] - [geometry.cell_to_xy(cell) for cell in cells]
    assert 0.09 < np.abs(off).max() <= 0.1
    assert 0.09 < many[:, 2:].std() < 0.11
    with_goal = starts(UMAZE, seed=0, count=100, goal=True)
    assert (1, 1) in {Geometry(UMAZE.map).xy_to_cell(place) for place in with_goal[:, :2]}
    assert not starts(UMAZE, ROBOTICS_V3, seed=0, count=3)[:, 2:].any()


def test_an_episode_is_what_rolling_it_gives():
    physics = MazePhysics(UMAZE.map)
    start = [1.0, 2.0, 0.0, 0.0]

    def back(_):
        return (0.0, -0.2)

    steps = list(roll(physics, back, start=start, limit=UMAZE.limit))
    episode = run_episode(physics, back, maze=UMAZE, start=start)
    assert len(steps) == episode.limit == 300
    assert episode.contacts == sum(touched for _, touched in steps) > 0
    assert episode.steps_to_goal == 1 + next(k for k, (s, _) in enumerate(steps) if s[1] <= 1.5)
    other = run_episode(physics, back, maze=UMAZE, start=start, goal=(3.0, 3.0))
    assert not other.reached


@pytest.mark.parametrize("maze", MAZES, ids=[maze.name for maze in MAZES])
def test_oracle_scores_as_d4rls_driver(maze):
    """All start cells alike, so that few episodes tell the mean."""
    repeats = {"umaze": 10, "medium": 2, "large": 2}[maze.name]
    rng = np.random.default_rng(0)
    first = np.repeat(each_cell_once(maze), repeats, axis=0)
    first[:, :2] += rng.uniform(-0.1, 0.1, (len(first), 2))
    first[:, 2:] += rng.normal(0.0, 0.1, (len(first), 2))
    row = report(maze, oracle_row(maze, first, seed=0))
    expected = {"umaze": 131.0, "medium": 155.0, "large": 200.0}[maze.name]
    assert row["raw"].mean == pytest.approx(expected, abs=5.0)
    assert row["reached"].mean == 1.0


@pytest.mark.parametrize("maze", MAZES, ids=[maze.name for maze in MAZES])
def test_ceiling_is_where_the_research_put_it(maze):
    row = report(maze, ceiling_row(maze, each_cell_once(maze)))
    expected = {"umaze": 171.6, "medium": 192.7, "large": 257.1}[maze.name]
    assert row["raw"].mean == pytest.approx(expected, abs=2.0)
    assert row["raw"] == row["latched"]


def test_nobody_beats_the_ceiling_and_random_is_far_below():
    first = starts(MEDIUM, seed=0, count=12)
    oracle = oracle_row(MEDIUM, first, seed=0)
    ceiling = ceiling_row(MEDIUM, first)
    random = random_row(MEDIUM, first, seed=0)
    assert all(a.raw < b.raw for a, b in zip(oracle, ceiling, strict=True))
    assert np.mean([e.raw for e in random]) < 0.4 * np.mean([e.raw for e in oracle])
    assert sum(e.contacts for e in random) > sum(e.contacts for e in oracle)
    assert random == random_row(MEDIUM, first, seed=0)
    assert oracle == oracle_row(MEDIUM, first, seed=0)
    assert "steps_to_goal" in report(MEDIUM, oracle)


@pytest.mark.parametrize("profile", [D4RL, ROBOTICS_V3], ids=["d4rl", "robotics"])
def test_ceiling_equals_dijkstra_written_plainly(profile):
    geometry = Geometry(UMAZE.map, profile)
    start, goal = geometry.cell_to_xy((3, 1)), geometry.cell_to_xy((1, 1))
    sides = np.arange(-100, 101)
    places = start + 0.05 * np.stack(np.meshgrid(sides, sides, indexing="ij"), axis=-1)
    free = geometry.is_free(places, slack=1e-6)
    there = np.hypot(*np.moveaxis(places - goal, -1, 0)) <= profile.goal_radius + 1e-9
    best, queue, moves = {(100, 100): 0}, [(0, 100, 100)], None
    while queue and moves is None:
        count, i, j = heappop(queue)
        moves = count if there[i, j] else None
        for a in (i - 1, i, i + 1):
            for b in (j - 1, j, j + 1):
                if free[a, b] and best.get((a, b), 10**9) > count + 1:
                    best[a, b] = count + 1
                    heappush(queue, (count + 1, a, b))
    steps = int(np.ceil(moves * 0.05 / 0.0523))
    (episode,) = ceiling_row(UMAZE, [[*start, 0, 0]], profile=profile)
    assert episode.steps_to_goal == steps
    assert episode.raw == 300 - steps + 1


def test_ceiling_of_starts_at_the_goal_out_of_reach_and_out_of_time():
    at_goal, _ = ceiling_row(UMAZE, [[1.0, 1.0, 0, 0], [1.0, 1.0, 0, 0]])
    assert at_goal.raw == 300
    split = MazeMap.parse("#####\n#.#.#\n#####")
    apart = Maze(name="apart", map=split, goal=(1, 1), limit=50)
    (never,) = ceiling_row(apart, [[1.0, 3.0, 0.0, 0.0]])
    assert never == Episode(0.0, 0.0, None, 0, 50)
    hasty = Maze(name="hasty", map=LARGE.map, goal=LARGE.goal, limit=10)
    (late,) = ceiling_row(hasty, [[1.0, 1.0, 0.0, 0.0]])
    assert not late.reached
    assert set(report(apart, [never])) == {"return", "return_latched", "reached", "contacts"}
