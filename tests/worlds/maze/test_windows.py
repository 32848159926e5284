"""Windows are pieces of the data that rest where they end."""

import numpy as np
import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.dataset import MazeData
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.windows import Windows

STRIDE = 16


@pytest.fixture(scope="module")
def domain(tiny):
    return tiny.trajectories(Geometry(UMAZE.map))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def counting(steps=400, drive=80, chunk=200):
    """Data whose x is the number of the step."""
    k = np.arange(steps)
    states = np.zeros((steps, 4), dtype=np.float32)
    states[:, 0] = k / steps
    states[:, 2:] = 1.0
    return MazeData(
        observations=states,
        actions=np.zeros((steps, 2), dtype=np.float32),
        goals=np.zeros((steps, 2), dtype=np.float32),
        episodes=(k // drive).astype(np.int32),
        chunks=(k // chunk).astype(np.int32),
        timeouts=np.zeros(steps, dtype=np.bool_),
    )


def steps_of(clean, domain, total=400):
    return (domain.limits.stretch(clean)[..., 0] * total).round().long()


def test_shape_pins_and_context(umaze_data, domain):
    clean, condition = Windows.of(umaze_data, domain, stride=STRIDE, batch=8)(rng())
    assert clean.shape == (8, 16, 4)
    assert clean.abs().max() <= 1.0
    known = condition.context["known"]
    assert known.shape == clean.shape
    assert not known[:, 1:-1].any()
    assert torch.equal(condition.pin(torch.zeros_like(clean))[known], clean[known])


def test_moments_are_a_stride_apart_and_stay_within_a_drive(domain):
    data = counting()
    clean, _ = Windows.of(data, domain, stride=STRIDE, batch=256, roaming=0.0)(rng())
    steps = steps_of(clean, domain)
    gaps = steps.diff(dim=1)
    assert set(gaps.unique().tolist()) == {0, STRIDE}
    assert (steps // 80 == steps[:, :1] // 80).all()


def test_what_rolls_on_stays_within_its_chunk(domain):
    clean, _ = Windows.of(counting(), domain, stride=STRIDE, batch=256, roaming=1.0)(rng())
    steps = steps_of(clean, domain)
    assert (steps // 200 == steps[:, :1] // 200).all()
    assert (steps // 80 != steps[:, :1] // 80).any()


def test_what_is_left_of_the_horizon_rests(domain):
    clean, _ = Windows.of(counting(), domain, stride=STRIDE, batch=256)(rng())
    speeds = domain.limits.stretch(clean)[..., 2:]
    over = steps_of(clean, domain).diff(dim=1) == 0
    assert (speeds[:, 1:][over].abs() < 1e-5).all()
    assert (speeds[:, -1].abs() < 1e-5).all()
    assert (speeds[:, 0] > 0.9).any()


def test_the_same_seed_draws_the_same(umaze_data, domain):
    windows = Windows.of(umaze_data, domain, stride=STRIDE, batch=8)
    one, two, other = (windows(rng(seed))[0] for seed in (3, 3, 4))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_some_ends_are_open(domain):
    _, condition = Windows.of(counting(), domain, stride=STRIDE, batch=2000)(rng())
    known = condition.context["known"]
    assert 0.02 < 1 - known[:, 0, 0].float().mean() < 0.09
    assert 0.02 < 1 - known[:, -1, 0].float().mean() < 0.09


def test_impossible_windows_are_refused(umaze_data, domain):
    with pytest.raises(InvalidConfigError, match="stride=0"):
        Windows.of(umaze_data, domain, stride=0)
    with pytest.raises(InvalidConfigError, match="Generate more data"):
        Windows.of(counting(16, 8, 8), domain, stride=16)


def test_windows_of_several_mazes_are_drawn_as_one(umaze_data, domain):
    parts = [
        Windows.of(data, domain, stride=STRIDE, batch=64, roaming=0.0) for data in (umaze_data, counting())
    ]
    maps = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    clean, condition = Windows.joined(parts, maps)(rng())
    second = condition.context["context"][:, 1] == 1
    assert 0 < second.sum() < 64
    gaps = steps_of(clean[second], domain).diff(dim=1)
    assert set(gaps.unique().tolist()) <= {0, STRIDE}
    with pytest.raises(InvalidConfigError, match="2 data sets and 1 maps"):
        Windows.joined(parts, maps[:1])
