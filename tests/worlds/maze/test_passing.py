"""Windows over a coin lead through two drives, fit the horizon, and pin a place that they pass."""

import numpy as np
import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.dataset import MazeData
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.passing import Passing
from agentic_diffusion_worlds.maze.windows import Windows

STRIDE, HORIZON = 16, 16
GEOMETRY = Geometry(UMAZE.map)


@pytest.fixture(scope="module")
def domain(tiny):
    return tiny.trajectories(GEOMETRY)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def counting(steps=1200, drive=150, chunk=600):
    """Data whose x is the number of the step, at a speed of 1."""
    k = np.arange(steps)
    states = np.zeros((steps, 4), dtype=np.float32)
    states[:, 0], states[:, 2:] = k / steps, 1.0
    return MazeData(
        observations=states,
        actions=np.zeros((steps, 2), dtype=np.float32),
        goals=np.zeros((steps, 2), dtype=np.float32),
        episodes=(k // drive).astype(np.int32),
        chunks=(k // chunk).astype(np.int32),
        timeouts=np.zeros(steps, dtype=np.bool_),
    )


def passing(data, domain, **more):
    windows = Windows.of(data, domain, stride=STRIDE, batch=400)
    return Passing.of(windows, GEOMETRY, domain.limits, **more)


def test_a_window_lasts_to_the_end_of_the_next_drive_and_fits(domain):
    clean, _ = passing(counting(), domain)(rng())
    steps = (domain.limits.stretch(clean)[..., 0] * 1200).round().long()
    first, last = steps[:, 0], steps[:, -1]
    assert (first // 600 == last // 600).all()
    drives = last // 150 - first // 150
    assert set(drives.tolist()) <= {0, 1}
    alone = (first % 600) // 150 == 3
    assert (drives[~alone] == 1).all()
    assert (last % 150 == 149).all()
    assert (steps.diff(dim=1) >= 0).all()


def test_what_is_longer_than_a_plan_is_driven_faster(domain):
    clean, _ = passing(counting(), domain)(rng())
    states = domain.limits.stretch(clean)
    steps = (states[..., 0] * 1200).round()
    length = steps[:, -1] - steps[:, 0]
    long = length > (HORIZON - 1) * STRIDE
    assert 0 < long.sum() < 400
    speed = states[:, 1, 2]
    expected = length / ((HORIZON - 1) * STRIDE)
    assert torch.allclose(speed[long], expected[long], atol=1e-3)
    calm = ~long & (length > STRIDE)
    assert torch.allclose(speed[calm], torch.ones(int(calm.sum())), atol=1e-3)
    assert (states[:, -1, 2:].abs() < 1e-5).all()


def test_the_coin_lies_on_the_way_and_at_the_turn_as_often_as_asked(domain):
    for share in (0.0, 1.0):
        clean, condition = passing(counting(), domain, turns=share)(rng())
        known = condition.context["known"]
        coins = known[:, 1:-1, 0]
        assert (coins.sum(dim=1) == 1).all()
        assert not known[:, 1:-1, 2:].any()
        assert torch.equal(condition.pin(torch.zeros_like(clean))[known], clean[known])
        steps = (domain.limits.stretch(clean)[..., 0] * 1200).round()
        at = steps[:, 1:-1][coins]
        turn = (steps[:, 0] // 150) * 150 + 149
        near = ((at - turn).abs() <= 1.3 * STRIDE).float().mean()
        assert near > 0.9 if share else near < 0.6


def test_no_coin_is_laid_in_a_cell_that_is_held_out(umaze_data, domain):
    held_out = {(1, 1), (2, 3)}
    clean, condition = passing(umaze_data, domain, held_out=held_out)(rng())
    coins = condition.context["known"][:, 1:-1, 0]
    assert 0 < coins.any(dim=1).sum() < 400
    places = domain.limits.stretch(clean)[:, 1:-1, :2][coins].double().numpy()
    cells = {tuple(cell) for cell in np.rint(GEOMETRY.to_grid(places)).astype(int).tolist()}
    assert cells
    assert not cells & held_out


def test_shares_that_make_no_sense_are_refused(umaze_data, domain):
    with pytest.raises(InvalidConfigError, match="turns=2"):
        passing(umaze_data, domain, turns=2)
