"""The scripted driver: way-points of D4RL, forces of a damped spring."""

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.controller import Gains, WaypointController
from agentic_diffusion_worlds.maze.geometry import ROBOTICS_V3, Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM
from agentic_diffusion_worlds.maze.physics import MazePhysics


def controller(profile=None, seed=0, gains=None):
    geometry = Geometry(LARGE.map, profile) if profile else Geometry(LARGE.map)
    rng = np.random.default_rng(seed)
    return WaypointController(geometry, gains or Gains(), rng=rng)


def test_waypoints_are_jittered_cells_and_end_on_the_target():
    driver = controller()
    target = np.array([7.05, 8.95])
    driver.aim((1.0, 1.0), target)
    cells = LARGE.map.path_cells((1, 1), (7, 9))
    assert len(driver.waypoints) == len(cells) - 1
    np.testing.assert_array_equal(driver.waypoints[-1], target)
    shift = np.array(cells[1:-1]) - driver.waypoints[:-1]
    assert shift.min() >= 0
    assert shift.max() <= 0.2
    assert shift.std() > 0.02


def test_same_seed_same_way_fresh_way_each_time():
    one, other = controller(), controller()
    one.aim((1.0, 1.0), (7.0, 9.0))
    other.aim((1.0, 1.0), (7.0, 9.0))
    first = one.waypoints
    np.testing.assert_array_equal(first, other.waypoints)
    one.aim((1.0, 1.0), (7.0, 9.0))
    assert not np.array_equal(first, one.waypoints)


def test_force_is_a_clipped_damped_spring():
    driver = controller()
    driver.aim((1.0, 1.0), (1.05, 1.02))
    assert driver.act((1.0, 1.0), (0.1, 0.3)) == pytest.approx((0.5 - 0.1, 0.2 - 0.3))
    driver = controller(gains=Gains(p=10.0, d=-2.0))
    driver.aim((1.0, 1.0), (1.05, 1.02))
    assert driver.act((1.0, 1.0), (0.1, 0.3)) == pytest.approx((0.5 - 0.2, 0.2 - 0.6))
    assert driver.act((0.5, 1.02), (0.0, 9.0)) == (1.0, -1.0)


def test_target_is_solved_only_near_and_calm():
    driver = controller()
    driver.aim((1.0, 1.0), (1.0, 1.15))
    driver.act((1.0, 1.0), (0.0, 0.0))
    assert not driver.solved  # too far
    driver.act((1.0, 1.14), (0.0, 0.0))
    assert not driver.solved  # near, but it jumped there
    driver.act((1.0, 1.15), (0.0, 0.0))
    assert driver.solved


@pytest.mark.parametrize("profile", [None, ROBOTICS_V3], ids=["d4rl", "robotics"])
def test_it_arrives_and_stays_without_touching_walls(profile):
    driver = controller(profile)
    geometry = driver.geometry
    physics = MazePhysics(LARGE.map, geometry.profile)
    goal = geometry.cell_to_xy((7, 9))
    drive = driver.policy(goal)
    state = physics.reset(geometry.cell_to_xy((1, 1)))
    for _ in range(LARGE.limit):
        state = physics.step(drive(state))
    assert np.hypot(*(state[:2] - goal)) < 0.1
    assert driver.solved


def test_a_start_inside_a_wall_is_taken_as_the_nearest_cell():
    driver = WaypointController(Geometry(MEDIUM.map), rng=np.random.default_rng(0))
    driver.aim((1.21, 1.0), (1.0, 2.0))
    assert len(driver.waypoints) == 1


def test_bad_targets_and_gains_are_refused():
    driver = controller()
    with pytest.raises(InvalidStateError, match="no target"):
        driver.act((1.0, 1.0), (0.0, 0.0))
    with pytest.raises(InvalidStateError, match="between the walls"):
        driver.aim((1.0, 1.0), (0.0, 0.0))
    with pytest.raises(InvalidConfigError, match="above 0"):
        Gains(p=-1.0)
