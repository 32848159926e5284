"""Processes: what survives, what comes back, and the laws of single moves."""

import math

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess, Process
from agentic_diffusion.denoising.schedule import Cosine, Linear, LogLinear
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError

ONE = torch.ones(())
MASK = 4


def test_gaussian_corruption_is_scale_plus_noise() -> None:
    process = GaussianProcess(Linear())
    clean = torch.randn(3, 5, 2)
    t = torch.tensor([0.0, 0.3, 1.0])
    noise = torch.randn(3, 5, 2, generator=generator(7))
    for row, level in enumerate(t.tolist()):
        a = math.exp(-0.1 * level - 9.95 * level**2)
        by_hand = math.sqrt(a) * clean[row] + math.sqrt(1 - a) * noise[row]
        assert torch.allclose(process.corrupt(clean, t, generator(7))[row], by_hand, atol=1e-5)
    assert torch.equal(process.corrupt(clean, t, generator(7))[0], clean[0])
    assert isinstance(process, Process)


def test_gaussian_temperature_scales_every_noise() -> None:
    cold, warm = GaussianProcess(Cosine(), temperature=0.5), GaussianProcess(Cosine())
    like = torch.zeros(4, 3)
    assert torch.equal(cold.noise(like, generator(1)), 0.5 * warm.noise(like, generator(1)))
    belief, t, s = Gaussian(torch.ones(4, 3), ONE, ONE), torch.tensor(0.6), torch.tensor(0.4)
    still = GaussianProcess(Cosine(), temperature=0.0).revert(like, belief, t, s, generator(2))
    moved = [p.revert(like, belief, t, s, generator(2)) - still for p in (cold, warm)]
    assert torch.allclose(moved[0], 0.5 * moved[1], atol=1e-6)
    with pytest.raises(InvalidConfigError, match="temperature"):
        GaussianProcess(Cosine(), temperature=-0.1)


def test_gaussian_revert_undoes_corrupt_in_law() -> None:
    """x_t from the truth, one move back with the truth as belief, is x_s from the truth."""
    process = GaussianProcess(Cosine())
    clean = torch.full((200_000, 1), 0.7)
    t, s = torch.tensor(0.8), torch.tensor(0.3)
    noisy = process.corrupt(clean, t, generator(0))
    back = process.revert(noisy, Gaussian(clean, ONE, ONE), t, s, generator(1))
    a = float(process.schedule(s))
    assert back.mean().item() == pytest.approx(math.sqrt(a) * 0.7, abs=4 * math.sqrt((1 - a) / 200_000))
    assert back.var().item() == pytest.approx(1 - a, rel=0.015)


def test_gaussian_revert_to_zero_is_the_belief_whatever_the_samples_level() -> None:
    process = GaussianProcess(Linear())
    belief = Gaussian(torch.randn(3, 4), ONE, ONE)
    t = torch.tensor([0.1, 0.5, 1.0])
    done = process.revert(torch.randn(3, 4), belief, t, torch.zeros(3), generator(0))
    assert torch.allclose(done, belief.mean, atol=1e-6)


def test_masked_noise_hides_all_and_corrupt_hides_the_right_share() -> None:
    process = MaskedProcess(LogLinear(0.0), MASK)
    clean = torch.randint(0, 4, (3, 20_000), generator=generator(0))
    assert bool((process.noise(clean, generator(0)) == MASK).all())
    t = torch.tensor([0.0, 0.25, 0.9])
    noisy = process.corrupt(clean, t, generator(1))
    hidden = noisy == MASK
    assert hidden.double().mean(1).tolist() == pytest.approx(t.tolist(), abs=0.015)
    assert torch.equal(noisy[~hidden], clean[~hidden])


def test_masked_revert_reveals_with_the_right_chance_and_keeps_what_is_shown() -> None:
    process = MaskedProcess(LogLinear(0.0), MASK)
    x = torch.full((2, 20_000), MASK)
    x[:, :100] = 1
    logits = torch.tensor([0.25, 0.75, 0.0, 0.0, 0.0]).log().expand(2, 20_000, 5)
    belief = Categorical(logits, x == MASK, ONE)
    t, s = torch.tensor([0.8, 0.5]), torch.tensor([0.6, 0.0])
    back = process.revert(x, belief, t, s, generator(3))
    assert torch.equal(back[:, :100], x[:, :100])
    shown = (back[:, 100:] != MASK).double().mean(1)
    assert shown[0].item() == pytest.approx(0.2 / 0.8, abs=0.015)
    assert shown[1].item() == 1.0
    assert (back[1, 100:] == 1).double().mean().item() == pytest.approx(0.75, abs=0.015)


def test_each_sample_may_have_its_own_levels_also_in_a_square_batch() -> None:
    process = MaskedProcess(LogLinear(0.0), MASK)
    x = torch.full((3, 3), MASK)
    belief = Categorical(torch.zeros(3, 3, 5), x == MASK, ONE)
    s = torch.tensor([0.0, 1.0, 1.0])
    back = process.revert(x, belief, torch.ones(3), s, generator(0))
    assert (back != MASK).sum(1).tolist()[0] == 3
    assert int((back[1:] != MASK).sum()) == 0
