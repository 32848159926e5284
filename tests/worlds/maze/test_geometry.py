"""Geometry against the simulator's own contacts, and against dense sampling."""

import mujoco
import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.geometry import D4RL, RADIUS, ROBOTICS_V3, Geometry, Profile
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, MEDIUM, UMAZE, MazeMap
from agentic_diffusion_worlds.maze.physics import MazePhysics

DIAGONAL = MazeMap.parse("######\n#..#.#\n#.#..#\n#..#.#\n######")
MAPS = [*(maze.map for maze in MAZES), DIAGONAL]


def test_corridor_of_d4rl_is_shifted():
    geometry = Geometry(UMAZE.map)
    assert geometry.is_free([(0.4, 2.0), (1.2, 2.0)]).all()  # cell 1: from c - 0.6 to c + 0.2
    assert not geometry.is_free([(0.399, 2.0), (1.201, 2.0)]).any()
    np.testing.assert_array_equal(geometry.cell_to_xy((3, 1)), [3.0, 1.0])


def test_robotics_frame_is_centred_with_y_up():
    geometry = Geometry(LARGE.map, ROBOTICS_V3)
    np.testing.assert_allclose(geometry.cell_to_xy((1, 1)), [-4.5, 3.0])
    np.testing.assert_allclose(geometry.bounds(), [[-6.0, -4.5], [6.0, 4.5]])


@pytest.mark.parametrize("profile", [D4RL, ROBOTICS_V3], ids=["d4rl", "robotics"])
@pytest.mark.parametrize("map", MAPS)
def test_is_free_agrees_with_the_contacts_of_mujoco(map, profile):
    physics = MazePhysics(map, profile)
    rng = np.random.default_rng(0)
    low, high = physics.geometry.bounds()
    places = rng.uniform(low, high, (1500, 2))
    free = physics.is_free(places)
    assert 0.1 < free.mean() < 0.9
    for place, expected in zip(places, free, strict=True):
        physics.data.qpos[:] = place
        mujoco.mj_forward(physics.model, physics.data)
        touch = any(contact.dist < 0 for contact in physics.data.contact[: physics.data.ncon])
        assert touch != expected


@pytest.mark.parametrize("map", MAPS)
def test_clearance_agrees_with_the_distance_to_every_wall(map):
    geometry = Geometry(map)
    rng = np.random.default_rng(1)
    places = rng.uniform(*geometry.bounds(), (2000, 2))
    beside = np.maximum(np.abs(places[:, None] - geometry.walls_xy()) - 0.5, 0)
    nearest = np.hypot(beside[..., 0], beside[..., 1]).min(axis=1)
    np.testing.assert_allclose(geometry.clearance(places), np.minimum(nearest, 0.5), atol=1e-12)


@pytest.mark.parametrize("profile", [D4RL, ROBOTICS_V3], ids=["d4rl", "robotics"])
@pytest.mark.parametrize("map", MAPS)
@pytest.mark.parametrize("slack", [0.0, 0.05])
def test_segments_agree_with_dense_sampling(map, profile, slack):
    geometry = Geometry(map, profile)
    rng = np.random.default_rng(2)
    a = rng.uniform(*geometry.bounds(), (5000, 2))
    a = a[geometry.is_free(a, slack=slack)][:500]
    b = a + rng.uniform(-1, 1, a.shape)
    ways = a[:, None] + (b - a)[:, None] * np.linspace(0, 1, 2001)[:, None]
    depth = RADIUS - slack - geometry.clearance(ways).min(axis=1)
    certain = np.abs(depth) > 2e-4  # a grazing cut may fall between two samples
    free = geometry.segment_free(a, b, slack=slack)
    assert certain.mean() > 0.98
    assert 0.05 < free.mean() < 0.95
    np.testing.assert_array_equal(free[certain], depth[certain] < 0)
    np.testing.assert_array_equal(free, geometry.segment_free(b, a, slack=slack))


def test_segments_broadcast_and_touching_is_free():
    geometry = Geometry(UMAZE.map)
    goals = np.array([[1.0, 3.0], [3.0, 1.0]])
    assert geometry.segment_free([1.0, 1.0], goals).tolist() == [True, False]
    assert geometry.segment_free(goals[:, None], goals[None]).shape == (2, 2)
    assert geometry.segment_free([0.4, 0.4], [0.4, 3.2])  # along the wall
    assert not geometry.segment_free([0.39, 0.5], [0.39, 3.2])
    assert geometry.segment_free([1.0, 1.0], [1.0, 1.0])
    assert not geometry.segment_free([2.0, 1.0], [2.0, 1.0])


def test_many_segments_are_cut_into_parts_of_bounded_memory():
    geometry = Geometry(MEDIUM.map)
    a = np.random.default_rng(3).uniform(*geometry.bounds(), (10_000, 2))
    b = np.roll(a, 1, axis=0)
    whole = geometry.segment_free(a, b)
    np.testing.assert_array_equal(whole[5000:5100], geometry.segment_free(a, b)[5000:5100])
    np.testing.assert_array_equal(whole[:100], geometry.segment_free(a[:100], b[:100]))


@pytest.mark.parametrize("place", [(np.nan, 1.0), (np.inf, 1.0), (-50.0, 1.0), (1.0, 99.0)])
def test_off_the_map_and_nan_are_not_free(place):
    geometry = Geometry(UMAZE.map)
    assert not geometry.is_free(place)
    assert not geometry.segment_free(place, place)
    assert not geometry.segment_free((1.0, 1.0), place)


@pytest.mark.parametrize("profile", [D4RL, ROBOTICS_V3], ids=["d4rl", "robotics"])
def test_each_cell_is_found_again_from_anywhere_in_it(profile):
    geometry = Geometry(LARGE.map, profile)
    for cell in LARGE.map.cells():
        for shift in (-0.39 - profile.wall_offset, 0.39 - profile.wall_offset):
            assert geometry.xy_to_cell(geometry.cell_to_xy(cell) + shift) == cell


def test_wrong_shapes_are_refused():
    with pytest.raises(InvalidStateError, match=r"shape \(3,\)"):
        Geometry(UMAZE.map).is_free([1.0, 2.0, 3.0])


def test_a_profile_must_leave_room_for_the_ball():
    with pytest.raises(InvalidConfigError, match=r"at most 0\.20"):
        Profile("x", False, 0.2, 0.3, 0.1, 0.1, 0.5)
    with pytest.raises(InvalidConfigError, match="radius"):
        Profile("x", False, 0.2, 0.1, 0.1, 0.1, 0.0)
