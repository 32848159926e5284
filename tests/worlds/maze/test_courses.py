"""Courses keep the limits of the ball, and no drive along the same curve is faster."""

import math

import numpy as np
import pytest
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion_worlds.maze.controller import WaypointController
from agentic_diffusion_worlds.maze.courses import (
    BALL,
    POINTS,
    Course,
    Engine,
    curves,
    entries,
    evenly,
    fastest,
    moments,
    resample,
    smoothed,
)
from agentic_diffusion_worlds.maze.map import MazeMap
from agentic_diffusion_worlds.maze.physics import DT, MazePhysics

STILL = np.zeros(2)


def line(start, end):
    return np.linspace(start, end, POINTS)[None]


def wavy(count=12):
    """Smooth curves through random way-points."""
    rng, s = np.random.default_rng(0), np.linspace(0, 1, POINTS)[None, :, None]
    out = s * rng.choice([-5.0, 5.0], (count, 1, 2))
    for k in (1, 2, 3):
        out = out + rng.uniform(-0.3, 0.3, (count, 1, 2)) * np.sin(math.pi * k * s)
    return resample(out)


@pytest.mark.parametrize("length", [0.4, 1.0, 4.0, 9.0])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_straight_axis_takes_the_bang_bang_time(length, axis):
    end = np.zeros(2)
    end[axis] = length
    (course,) = fastest(line(STILL, end), velocity=STILL, engine=BALL)
    a, v = BALL.usable, BALL.speed
    exact = 2 * math.sqrt(length / a) if a * length < v * v else length / v + v / a
    assert course.seconds == pytest.approx(exact, rel=0.03)


def test_a_diagonal_uses_both_motors():
    (straight,) = fastest(line((0, 0), (4, 0)), velocity=STILL, engine=BALL)
    (diagonal,) = fastest(line((0, 0), (4, 4)), velocity=STILL, engine=BALL)
    assert diagonal.seconds == pytest.approx(straight.seconds, rel=0.01)


def test_speed_and_force_stay_within_the_engine():
    for course in fastest(wavy(), velocity=STILL, engine=BALL):
        laps = np.maximum(np.diff(course.moments), 1e-9)
        speed = np.diff(course.points, axis=0) / laps[:, None]
        assert np.abs(speed).max() <= BALL.speed * 1.02
        assert np.linalg.norm(speed[-1]) < 1.2
        _, velocity, acceleration = course.reference(DT)
        force = (acceleration + BALL.drag * velocity) / BALL.force
        # over a tenth of a second: a course is straight between its points, so single steps may ask for more
        tenths = [np.convolve(axis, np.full(10, 0.1), "valid") for axis in force[3:-3].T]
        assert np.abs(tenths).max() <= 1.15
        assert np.quantile(np.abs(force), 0.9) <= BALL.margin + 0.05


def test_exact_drag_takes_the_time_of_the_equation_of_motion():
    """Against v' = A - d v and v' = -A - d v, integrated step by step, where the top speed is never reached."""
    engine, length, step = Engine(drag=3.0, exact=True), 1.2, 1e-5
    up, down, t = [(0.0, 0.0)], [(0.0, 0.0)], 0.0
    while sum(path[-1][0] for path in (up, down)) < length:  # the slower end goes on, until both ends meet
        path, sign = (up, -1) if up[-1][1] <= down[-1][1] else (down, 1)
        x, v = path[-1]
        path.append((x + v * step, v + (engine.usable + sign * engine.drag * v) * step))
        t += step
    assert up[-1][1] < engine.speed
    (course,) = fastest(line(STILL, (length, 0)), velocity=STILL, engine=engine)
    assert course.seconds == pytest.approx(t, rel=0.03)
    (careful,) = fastest(line(STILL, (length, 0)), velocity=STILL, engine=Engine(drag=3.0))
    assert careful.seconds > 1.2 * course.seconds


def test_exact_drag_stays_within_the_engine():
    engine = Engine(drag=3.0, exact=True)
    for course in fastest(wavy(), velocity=STILL, engine=engine):
        _, velocity, acceleration = course.reference(DT)
        force = (acceleration + engine.drag * velocity) / engine.force
        tenths = [np.convolve(axis, np.full(10, 0.1), "valid") for axis in force[3:-3].T]
        assert np.abs(tenths).max() <= 1.25  # of the force itself, for a course that plans with 0.95 of it
        assert np.quantile(np.abs(force), 0.9) <= engine.margin + 0.05


def test_moments_never_go_back_and_more_force_is_faster():
    weak = fastest(wavy(4), velocity=STILL, engine=Engine(margin=0.5))
    for course in weak:
        assert (np.diff(course.moments) >= 0).all()
    points = np.stack([course.points for course in weak])
    strong = fastest(points, velocity=STILL, engine=Engine(margin=0.95))
    assert all(b.seconds < a.seconds for a, b in zip(weak, strong, strict=True))


def test_a_ball_that_rolls_already_is_sooner_there():
    (still,) = fastest(line((0, 0), (3, 0)), velocity=STILL, engine=BALL)
    (rolling,) = fastest(line((0, 0), (3, 0)), velocity=np.array([4.0, 0.0]), engine=BALL)
    (away,) = fastest(line((0, 0), (3, 0)), velocity=np.array([-4.0, 0.0]), engine=BALL)
    assert rolling.seconds < still.seconds - 0.1
    assert away.seconds == pytest.approx(still.seconds)


def test_it_is_faster_than_the_way_point_driver_on_a_straight_line():
    corridor = MazeMap(("##########", "#........#", "##########"))
    physics = MazePhysics(corridor)
    start, goal = physics.cell_to_xy((1, 1)), physics.cell_to_xy((1, 8))
    state = physics.reset(start)
    drive = WaypointController(physics.geometry, rng=np.random.default_rng(0)).policy(goal)
    steps = 0
    while np.linalg.norm(state[:2] - goal) > 0.5:
        state = physics.step(drive(state))
        steps += 1
    (course,) = fastest(line(start, goal), velocity=STILL, engine=BALL)
    assert course.entry(goal, 0.5) < 0.9 * steps * DT


def test_entry_is_when_it_comes_to_stay():
    course = Course(
        np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [1.2, 0.0]]), np.array([0.0, 1.0, 2.0, 3.0])
    )
    goal = np.array([1.0, 0.0])
    assert course.entry(goal, 0.5) == 3.0
    assert course.entry(goal, 5.0) == 0.0
    assert course.entry(goal, 0.01) == course.seconds


def test_a_course_of_no_length_is_no_trouble():
    (course,) = fastest(np.zeros((1, POINTS, 2)), velocity=STILL, engine=BALL)
    position, velocity, acceleration = course.reference(DT)
    assert np.isfinite(course.moments).all()
    assert np.allclose(position, 0)
    assert np.allclose(velocity, 0)
    assert np.allclose(acceleration, 0)
    short = Course(np.zeros((2, 2)), np.array([0.0, DT / 2]))
    assert [part.shape for part in short.reference(DT)] == [(2, 2)] * 3


def test_curves_go_from_start_to_goal_through_the_plan():
    states = tuple((float(k), 0.5 * k, 1.0, 0.5) for k in range(5))
    plan = Trajectory(states=states, seconds=1.0, arrival=4)
    (points,) = smoothed(curves([plan], goals=np.array([[4.0, 2.0]])), 0.1)
    assert points.shape == (POINTS, 2)
    assert np.allclose(points[0], (0, 0))
    assert np.allclose(points[-1], (4, 2))
    assert np.allclose(points[:, 1], points[:, 0] / 2, atol=1e-6)
    gaps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert gaps.max() < 1.5 * gaps.min()


def test_smoothing_rounds_a_corner():
    states = ((0.0, 0.0, 0.0, 0.0), (2.0, 0.0, 0.0, 0.0), (2.0, 2.0, 0.0, 0.0))
    plan = Trajectory(states=states, seconds=1.0, arrival=2)
    goal = np.array([[2.0, 2.0]])
    sharp, round_ = (smoothed(curves([plan], goals=goal), width)[0] for width in (1e-6, 0.3))
    corner = np.array([2.0, 0.0])
    assert np.linalg.norm(sharp - corner, axis=1).min() < 0.025
    assert np.linalg.norm(round_ - corner, axis=1).min() > 0.1


def test_smoothing_is_the_convolution_over_the_mirrored_curve():
    points, width = wavy(5), 0.4
    for curve, got in zip(points, smoothed(points, width), strict=True):
        gap = np.linalg.norm(np.diff(curve, axis=0), axis=1).mean()
        reach = int(3 * width / gap)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * gap / width) ** 2)
        mirrored = np.pad(curve, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
        plain = np.stack([np.convolve(axis, kernel / kernel.sum(), "valid") for axis in mirrored.T], axis=1)
        assert np.allclose(got[1:-1], plain[1:-1], atol=1e-12)
        assert np.array_equal(got[[0, -1]], curve[[0, -1]])
    assert np.array_equal(smoothed(points, 0.0), points)


def test_even_points_are_those_of_interpolation_rests_included():
    line = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 3.0], [1.0, 3.0]])
    even = np.linspace(0, 4, 9)
    assert np.allclose(evenly(line, 9), np.stack([np.minimum(even, 1), np.maximum(even - 1, 0)], axis=1))
    assert np.array_equal(evenly(np.ones((3, 2)), 4), np.ones((4, 2)))


def test_plans_together_have_the_curves_of_plans_alone():
    rng = np.random.default_rng(1)
    plans = [
        Trajectory(states=tuple(map(tuple, rng.normal(size=(n, 4)).tolist())), seconds=0.2, arrival=n - 2)
        for n in (8, 8, 8, 5)
    ]
    goals = rng.normal(size=(4, 2))
    alone = np.concatenate([curves([plan], goals=goals[[k]]) for k, plan in enumerate(plans)])
    assert np.allclose(curves(plans[:3], goals=goals[:3]), alone[:3], atol=1e-12)
    assert np.allclose(curves(plans, goals=goals), alone, atol=1e-12)


def test_moments_and_entries_are_those_of_each_course():
    points, velocity = wavy(4), np.array([1.0, -0.5])
    courses = fastest(points, velocity=velocity, engine=BALL)
    clock = moments(points, velocity=np.tile(velocity, (4, 1)), engine=BALL)
    assert np.array_equal(clock, [course.moments for course in courses])
    for radius in (0.0, 0.5, 100.0):
        alone = [course.entry(course.points[-1], radius) for course in courses]
        assert entries(points, clock, radius).tolist() == alone
