"""Physics: equal to PointMaze of gymnasium-robotics, and honest about bad input."""

import warnings

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.geometry import D4RL, ROBOTICS_V3
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, UMAZE
from agentic_diffusion_worlds.maze.physics import SPEED, MazePhysics, clip_speed


@pytest.mark.parametrize("maze", MAZES, ids=[maze.name for maze in MAZES])
def test_trajectories_equal_gymnasium_robotics(maze):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gymnasium_robotics.envs.maze.point_maze import PointMazeEnv

        other = PointMazeEnv(maze_map=maze.map.walls.astype(int).tolist())
    rng = np.random.default_rng(7)
    first, _ = other.reset(seed=3)
    physics = MazePhysics(maze.map, ROBOTICS_V3)
    physics.reset(first["observation"][:2], first["observation"][2:])
    touched = 0
    for step in range(800):
        if step % 40 == 0:
            action = rng.uniform(-1.3, 1.3, 2)
        expected = other.step(action)[0]["observation"]
        np.testing.assert_allclose(physics.step(action), expected, rtol=0, atol=1e-6)
        touched += physics.touching
    assert touched > 50
    other.close()


def test_d4rl_is_the_same_world_in_another_frame():
    rng = np.random.default_rng(0)
    actions = np.repeat(rng.uniform(-1, 1, (20, 2)), 20, axis=0)
    here = MazePhysics(LARGE.map, D4RL)
    there = MazePhysics(LARGE.map, ROBOTICS_V3)
    ways = here.rollout(actions, start=[*(here.cell_to_xy((3, 3)) - 0.2), 0.0, 0.0])
    turned = np.stack([actions[:, 1], -actions[:, 0]], axis=1)  # x right, y up from x down, y right
    others = there.rollout(turned, start=[*there.cell_to_xy((3, 3)), 0.0, 0.0])
    np.testing.assert_allclose(
        here.geometry.to_grid(ways[:, :2]), there.geometry.to_grid(others[:, :2]), atol=1e-9
    )


def test_free_flight_is_closed_form():
    physics = MazePhysics(UMAZE.map)
    state = physics.reset((1.0, 1.0), (0.5, 0.0))
    mass = 1000 * 4 / 3 * np.pi * 0.1**3
    speed = state[2] + 0.01 * (100 * 0.3 - state[2]) / (mass + 0.01)  # damping taken implicitly
    after = physics.step((0.3, 0.0))
    np.testing.assert_allclose(after, [1.0 + 0.01 * speed, 1.0, speed, 0.0], atol=1e-12)


def test_rollout_equals_steps_and_goes_on_from_where_it_is():
    rng = np.random.default_rng(1)
    actions = rng.uniform(-2, 2, (300, 2))
    one, other = MazePhysics(LARGE.map), MazePhysics(LARGE.map)
    start = [3.0, 3.0, 1.0, -1.0]
    whole = one.rollout(actions, start=start)
    other.reset(start[:2], start[2:])
    np.testing.assert_array_equal(whole[1:], [other.step(action) for action in actions])
    halves = one.rollout(actions[:100], start=start), one.rollout(actions[100:])
    np.testing.assert_array_equal(whole, np.concatenate([halves[0], halves[1][1:]]))


def test_speed_is_clipped_per_axis_before_the_step():
    physics = MazePhysics(LARGE.map)
    physics.reset((1.0, 1.0), (0.0, 9.0))
    assert physics.step((0.0, 0.0))[3] < SPEED
    speed = np.array([7.0, -7.0])
    clip_speed(speed)
    np.testing.assert_array_equal(speed, [5.0, -5.0])


def test_walls_hold_the_ball():
    physics = MazePhysics(UMAZE.map)
    states = physics.rollout(np.tile([-1.0, 0.0], (300, 1)), start=[1.0, 1.0, -5.0, 0.0])
    assert physics.touching
    assert states[:, 0].min() > 0.4 - 0.05
    assert abs(states[-1, 0] - 0.4) < 0.02
    assert physics.is_free(states[:, :2], slack=0.05).all()
    assert physics.segment_free(states[:-1, :2], states[1:, :2], slack=0.05).all()
    assert physics.xy_to_cell(states[-1, :2]) == (1, 1)
    assert physics.map is UMAZE.map


@pytest.mark.parametrize(
    ("place", "speed", "words"),
    [
        ((np.nan, 1.0), (0.0, 0.0), "NaN"),
        ((1.0, 1.0), (0.0, np.inf), "finite"),
        ((0.0, 0.0), (0.0, 0.0), "between the walls"),
        ((40.0, 1.0), (0.0, 0.0), "between the walls"),
        ((1.0, 1.0, 1.0), (0.0, 0.0), "two numbers"),
    ],
)
def test_impossible_starts_are_refused(place, speed, words):
    with pytest.raises(InvalidStateError, match=words):
        MazePhysics(UMAZE.map).reset(place, speed)


def test_impossible_actions_are_refused():
    physics = MazePhysics(UMAZE.map)
    for action in ((np.nan, 0.0), (1.0,)):
        with pytest.raises(InvalidStateError, match="two finite numbers"):
            physics.step(action)
    for actions in (np.zeros(2), np.zeros((3, 3)), np.full((2, 2), np.nan)):
        with pytest.raises(InvalidStateError, match=r"shape \(t, 2\)"):
            physics.rollout(actions)


def test_a_ball_of_other_strength_and_drag_flies_as_its_equation_says():
    physics = MazePhysics(UMAZE.map, gear=30.0, damping=12.0)
    state = physics.reset((1.0, 1.0), (0.5, 0.0))
    mass = 1000 * 4 / 3 * np.pi * 0.1**3
    speed = state[2] + 0.01 * (30 * 0.3 - 12 * state[2]) / (mass + 0.12)
    np.testing.assert_allclose(physics.step((0.3, 0.0))[2], speed, atol=1e-12)
    with pytest.raises(InvalidConfigError):
        MazePhysics(UMAZE.map, gear=0.0)
