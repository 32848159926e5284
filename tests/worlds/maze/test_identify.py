"""The engine is found from drives of any ball, walls and all."""

from dataclasses import replace

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.courses import BALL
from agentic_diffusion_worlds.maze.identify import identify, record
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.physics import MazePhysics


@pytest.mark.parametrize(("gear", "damping"), [(100.0, 1.0), (30.0, 1.0), (300.0, 5.0), (100.0, 12.0)])
def test_the_true_engine_is_found(gear, damping):
    physics, rng = MazePhysics(UMAZE.map, gear=gear, damping=damping), np.random.default_rng(0)
    start = np.array([*physics.cell_to_xy(UMAZE.map.cells()[0]), 0.0, 0.0])
    drive = record(physics, lambda state: rng.uniform(-2, 2, 2), start=start, steps=200)
    assert np.abs(drive.actions).max() == 1.0
    assert 0 < drive.free.sum() <= 200
    found = identify([drive])
    assert found.force == pytest.approx(BALL.force * gear / 100, rel=1e-3)
    assert found.drag == pytest.approx(BALL.drag * damping, rel=1e-2)
    assert found == replace(BALL, force=found.force, drag=found.drag)


def test_something_must_have_moved():
    physics = MazePhysics(UMAZE.map)
    start = np.array([*physics.cell_to_xy(UMAZE.map.cells()[0]), 0.0, 0.0])
    still = record(physics, lambda state: np.zeros(2), start=start, steps=30)
    for drives in ([], [still]):
        with pytest.raises(InvalidConfigError):
            identify(drives)
