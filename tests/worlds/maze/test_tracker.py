"""Trackers hold the ball to its course in MuJoCo."""

from dataclasses import replace

import numpy as np
import pytest
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion_worlds.maze.courses import BALL, POINTS, Course, fastest
from agentic_diffusion_worlds.maze.map import MazeMap
from agentic_diffusion_worlds.maze.physics import DT, MazePhysics
from agentic_diffusion_worlds.maze.tracker import CourseTracker, PlanTracker

HALL = MazeMap(("##########", *["#........#"] * 6, "##########"))


def bend():
    s = np.linspace(0, np.pi / 2, POINTS)
    return np.stack([2 + 3 * np.sin(s), 6 - 4 * np.cos(s)], axis=1)


@pytest.mark.parametrize("points", [np.linspace((2, 2), (5, 7), POINTS), bend()], ids=["line", "bend"])
def test_it_stays_on_a_course_that_asks_for_nearly_all_force(points):
    physics = MazePhysics(HALL)
    (course,) = fastest(points[None], velocity=np.zeros(2), engine=BALL)
    tracker = CourseTracker(course, engine=BALL)
    state, worst = physics.reset(points[0]), 0.0
    while not tracker.finished:
        worst = max(worst, tracker.deviation(state))
        state = physics.step(tracker(state))
    assert worst < 0.25  # the pilot plans again at 0.4
    for _ in range(100):
        state = physics.step(tracker(state))
    assert tracker.deviation(state) < 0.02
    assert np.linalg.norm(state[2:]) < 0.1


def test_it_comes_back_after_a_push():
    physics = MazePhysics(HALL)
    points = np.linspace((2.0, 2.0), (2.0, 7.0), POINTS)
    (course,) = fastest(points[None], velocity=np.zeros(2), engine=BALL)
    tracker = CourseTracker(course, engine=BALL)
    state = physics.reset(points[0] + [0.2, 0.0])
    assert tracker.deviation(state) == pytest.approx(0.2, abs=1e-6)
    for _ in range(150):
        state = physics.step(tracker(state))
    assert tracker.deviation(state) < 0.05


def test_a_weak_ball_is_damped_as_much_as_the_one_it_knows():
    """Pushed off a resting place, a ball of a third of the force swings over no further than with more damping."""
    weak = replace(BALL, force=0.3 * BALL.force)
    course = Course(np.full((2, 2), 4.0), np.array([0.0, DT / 2]))
    over = {}
    for name, damping in (("fitting", None), ("as before", 1.0)):
        physics = MazePhysics(HALL, gear=30.0)
        tracker = CourseTracker(course, engine=weak, damping=damping)
        state, path = physics.reset((4.3, 4.0)), []
        for _ in range(150):
            state = physics.step(tracker(state))
            path.append(state[0] - 4.0)
        over[name] = -min(path)
    assert over["fitting"] < 0.5 * over["as before"]


def test_forces_are_never_above_one():
    course = Course(np.array([[0.0, 0.0], [9.0, 9.0]]), np.array([0.0, 0.1]))
    tracker = CourseTracker(course, engine=BALL)
    assert np.abs(tracker(np.array([5.0, -5.0, 0.0, 0.0]))).max() <= 1.0
    assert not tracker.finished
    assert tracker.step == 1


def test_a_plan_is_followed_at_its_own_pace_and_held_at_its_end():
    physics = MazePhysics(HALL)
    states = tuple((2.0 + k / 2, 2.0 + k / 2, 1.0, 1.0) for k in range(7))
    tracker = PlanTracker(Trajectory(states=states, seconds=0.5, arrival=6))
    state = physics.reset(states[0][:2])
    for _ in range(round(3.0 / DT)):
        state = physics.step(tracker(state))
    assert np.linalg.norm(state[:2] - states[-1][:2]) < 1.0  # Diffuser's gains lag behind
    for _ in range(400):
        state = physics.step(tracker(state))
    assert np.linalg.norm(state[:2] - states[-1][:2]) < 0.1
    assert tracker.step == round(3.0 / DT) + 400
