"""The Gymnasium environment: the checker's opinion, the rewards, the options."""

import warnings

import agentic_diffusion_worlds  # noqa: F401  (registers the environments)
import gymnasium
import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.env import BALL, FLOOR, GOAL, WALL, MazeEnv
from agentic_diffusion_worlds.maze.geometry import D4RL, ROBOTICS_V3
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, MEDIUM, UMAZE
from gymnasium.utils.env_checker import check_env

IDS = [f"agentic_diffusion/Maze-{name}-v1" for name in ("UMaze", "Medium", "Large")]


@pytest.mark.parametrize("settings", [{}, {"goal_conditioned": True, "random_goal": True}])
@pytest.mark.parametrize(("name", "maze"), list(zip(IDS, MAZES, strict=True)))
def test_the_checker_is_content_without_a_warning(name, maze, settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(name, render_mode="rgb_array", **settings)
        check_env(env.unwrapped)
    assert env.unwrapped.maze == maze
    assert env.spec.max_episode_steps == maze.limit


@pytest.mark.parametrize("profile", [D4RL, ROBOTICS_V3], ids=["d4rl", "robotics"])
def test_sparse_reward_is_given_for_the_place_after_the_step(profile):
    env = MazeEnv(UMAZE, profile)
    away = env.physics.cell_to_xy((1, 2)) - env.goal
    env.reset(seed=0, options={"start": env.goal + 0.6 * away})
    seen = set()
    for _ in range(100):
        state, reward, terminated, _, info = env.step(-0.05 * away)
        near = np.linalg.norm(state[:2] - info["goal"]) <= profile.goal_radius
        assert reward == float(near) == float(info["success"])
        assert not terminated
        seen.add(reward)
    assert seen == {0.0, 1.0}


def test_dense_reward_is_the_exponential_of_the_distance():
    env = MazeEnv(UMAZE, dense=True)
    env.reset(seed=0)
    state, reward, *_ = env.step(np.zeros(2, np.float32))
    assert reward == pytest.approx(np.exp(-np.linalg.norm(state[:2] - [1, 1])))


def test_it_is_truncated_at_the_limit_and_no_sooner():
    for env, limit in ((MazeEnv(UMAZE), 300), (MazeEnv(UMAZE, limit=7), 7)):
        env.reset(seed=0)
        ends = [env.step(np.zeros(2, np.float32))[3] for _ in range(limit)]
        assert ends == [False] * (limit - 1) + [True]


def test_seeds_decide_starts_and_goals():
    env = MazeEnv(LARGE, random_goal=True)
    first, info = env.reset(seed=5)
    second, _ = env.reset()
    again, same = env.reset(seed=5)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(info["goal"], same["goal"])
    assert not np.array_equal(first, second)


def test_starts_leave_out_the_goal_cell_unless_asked():
    for goal_start, expected in ((False, 6), (True, 7)):
        env = MazeEnv(UMAZE, goal_start=goal_start)
        env.reset(seed=0)
        cells = {env.physics.xy_to_cell(env.reset()[0][:2]) for _ in range(150)}
        assert len(cells) == expected
        assert ((1, 1) in cells) == goal_start


def test_options_place_start_and_goal_exactly():
    env = MazeEnv(MEDIUM, goal_conditioned=True)
    state, info = env.reset(options={"start": (1.1, 0.9, 0.5, -0.5), "goal": [1.0, 1.2]})
    np.testing.assert_array_equal(state["observation"], [1.1, 0.9, 0.5, -0.5])
    np.testing.assert_array_equal(state["achieved_goal"], [1.1, 0.9])
    np.testing.assert_array_equal(state["desired_goal"], [1.0, 1.2])
    assert info["success"]
    _, info = env.reset()
    np.testing.assert_array_equal(info["goal"], [6.0, 6.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": (0.0, 0.0)}, "between the walls"),
        ({"start": (np.nan, 1.0)}, "finite"),
        ({"start": "here"}, "numbers"),
        ({"start": (1.0, 1.0, 0.0)}, "2 or 4"),
        ({"goal": (0.0, 0.0)}, "Move the goal"),
        ({"goal": (1.0, np.inf)}, "finite"),
        ({"goal": (1.0, 1.0, 0.0, 0.0)}, "2 finite"),
        ({"gaol": (1.0, 1.0)}, "'gaol'"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(InvalidStateError, match=words):
        MazeEnv(UMAZE).reset(options=options)


def test_impossible_settings_are_refused():
    with pytest.raises(InvalidConfigError, match="rgb_array"):
        MazeEnv(UMAZE, render_mode="human")
    with pytest.raises(InvalidConfigError, match="limit 0"):
        MazeEnv(UMAZE, limit=0)


def test_rewards_can_be_computed_for_many_places_at_once():
    env = MazeEnv(UMAZE, goal_conditioned=True)
    places = np.array([[1.0, 1.0], [1.0, 1.5], [1.0, 1.51]])
    np.testing.assert_array_equal(env.compute_reward(places, [1.0, 1.0], {}), [1, 1, 0])


def test_the_picture_shows_walls_goal_and_ball():
    env = MazeEnv(UMAZE, render_mode="rgb_array")
    env.reset(seed=0, options={"start": (3.0 - 0.2, 1.0 - 0.2)})
    picture = env.render()
    assert picture.shape == (200, 200, 3)
    assert picture[20, 20].tolist() == list(WALL)
    assert picture[60, 100].tolist() == list(FLOOR)
    assert picture[140, 60].tolist() == list(BALL)
    assert np.any(np.all(picture == GOAL, axis=-1))
    assert MazeEnv(UMAZE).render() is None
