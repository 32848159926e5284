"""The data generator: one drive, the same for one seed, whoever does the work."""

import time

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze import dataset
from agentic_diffusion_worlds.maze.dataset import CHUNK, MazeData, Recipe, drive, generate
from agentic_diffusion_worlds.maze.geometry import ROBOTICS_V3, Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM, UMAZE, Maze
from agentic_diffusion_worlds.maze.physics import MazePhysics
from coverage import Coverage

NOISY = Recipe(UMAZE, size=CHUNK + 2_000, seed=3, noise=0.5)


@pytest.fixture(scope="module")
def parts() -> list[MazeData]:
    return list(drive(NOISY))


@pytest.fixture(scope="module")
def noisy(parts) -> MazeData:
    return MazeData.join(parts)


def test_same_seed_same_hash_and_other_seed_other_hash():
    one = generate(Recipe(MEDIUM, size=3000, seed=1))
    assert one.sha256() == generate(Recipe(MEDIUM, size=3000, seed=1)).sha256()
    assert one.sha256() != generate(Recipe(MEDIUM, size=3000, seed=2)).sha256()
    assert one.sha256() != generate(Recipe(MEDIUM, size=3000, seed=1, noise=0.5)).sha256()


@pytest.mark.slow
def test_processes_do_not_change_the_data(noisy):
    again = generate(NOISY, workers=2)
    assert again.sha256() == noisy.sha256()


def test_chunks_come_one_by_one_and_add_up(parts, noisy):
    assert [len(part) for part in parts] == [CHUNK, 2_000]
    assert [int(part.episodes[0]) for part in parts] == [0, 0]
    assert np.bincount(noisy.chunks).tolist() == [CHUNK, 2_000]


def test_each_row_leads_to_the_next_within_a_chunk(noisy):
    physics = MazePhysics(UMAZE.map)
    for first in (0, 20_000, CHUNK + 100):
        rows = slice(first, first + 200)
        start = noisy.observations[first].astype(float)
        states = physics.rollout(noisy.actions[rows], start=start)
        np.testing.assert_allclose(states[:-1], noisy.observations[rows], atol=2e-3)
    jump = np.abs(np.diff(noisy.observations[:, :2], axis=0)).max(axis=1)
    assert jump[np.flatnonzero(np.diff(noisy.chunks) == 0)].max() < 0.054


def test_episodes_count_targets_and_hold_one_goal_each(noisy):
    steps = np.diff(noisy.episodes)
    assert set(steps.tolist()) == {0, 1}
    np.testing.assert_array_equal(steps == 1, np.any(np.diff(noisy.goals, axis=0) != 0, axis=1))
    assert np.all(steps[np.diff(noisy.chunks) == 1] == 1)
    ends = np.flatnonzero(steps)
    inner = ends[noisy.chunks[ends] == noisy.chunks[ends + 1]]
    way = np.hypot(*(noisy.observations[inner, :2] - noisy.goals[inner]).T)
    assert np.all((way < 0.1) | noisy.timeouts[inner])


def test_goals_are_spread_over_all_free_cells(noisy):
    geometry = Geometry(UMAZE.map)
    _, first = np.unique(noisy.episodes, return_index=True)
    cells = [geometry.xy_to_cell(goal) for goal in noisy.goals[first]]
    assert set(cells) == set(UMAZE.map.cells())
    assert geometry.is_free(noisy.goals[first]).all()
    off = noisy.goals[first] - [geometry.cell_to_xy(cell) for cell in cells]
    assert np.abs(off).max() <= 0.1 + 1e-6


def test_timeouts_mark_targets_given_up_at_the_limit():
    short = Maze(name="short", map=LARGE.map, goal=LARGE.goal, limit=60)
    data = generate(Recipe(short, size=3000, seed=0))
    _, counts = np.unique(data.episodes, return_counts=True)
    assert data.timeouts.any()
    assert counts.max() == 60
    np.testing.assert_array_equal(np.sort(data.episodes[data.timeouts]), np.flatnonzero(counts == 60))


def test_noise_changes_actions_within_limits(noisy):
    assert np.abs(noisy.actions).max() == 1.0
    calm = generate(Recipe(UMAZE, size=2000, seed=3))
    assert np.abs(np.diff(calm.actions, axis=0)).mean() < 0.2
    assert np.abs(np.diff(noisy.actions, axis=0)).mean() > 0.4


def test_other_profiles_drive_too():
    data = generate(Recipe(LARGE, size=1000, profile=ROBOTICS_V3))
    assert Geometry(LARGE.map, ROBOTICS_V3).is_free(data.observations[:, :2], slack=0.05).all()


def test_the_work_is_shared_in_order(monkeypatch):
    monkeypatch.setattr(dataset, "CHUNK", 400)
    parts = list(drive(Recipe(UMAZE, size=1000), workers=1))
    assert [int(part.chunks[0]) for part in parts] == [0, 1, 2]
    assert [int(part.episodes[0]) for part in parts] == [0, 0, 0]


def test_a_recipe_for_another_process_starts_with_the_same_target():
    """A chunk of one step is the first step of a longer one."""
    one, many = (generate(Recipe(LARGE, size=size, seed=8)) for size in (1, 50))
    np.testing.assert_array_equal(one.observations[0], many.observations[0])
    np.testing.assert_array_equal(one.goals[0], many.goals[0])


def test_no_workers_are_refused():
    with pytest.raises(InvalidConfigError, match="0 workers"):
        list(drive(Recipe(UMAZE, size=10), workers=0))


def test_seven_million_steps_fit_five_minutes_of_one_core():
    if Coverage.current() is not None:
        pytest.skip("coverage slows every line down")
    costs = []
    for seed in range(3):
        started = time.process_time()
        generate(Recipe(LARGE, size=10_000, seed=seed))
        costs.append((time.process_time() - started) / 10_000)
    assert min(costs) * 7_000_000 < 300
