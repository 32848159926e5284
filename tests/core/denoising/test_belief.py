"""Beliefs against plain formulas and torch's own distributions."""

import math
from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.belief import Belief, Categorical, Gaussian
from agentic_diffusion.denoising.state import generator
from torch.distributions import Categorical as TorchCategorical


def test_gaussian_surprise_is_the_weighted_mean_square() -> None:
    mean, clean = torch.randn(3, 4, 2), torch.randn(3, 4, 2)
    weight = torch.tensor([1.0, 2.0, 0.5]).reshape(3, 1, 1)
    surprise = Gaussian(mean, torch.tensor(1.0), weight).surprise(clean)
    by_hand = [
        w * sum((a - b) ** 2 for a, b in zip(m, c, strict=True)) / 8
        for w, m, c in zip((1.0, 2.0, 0.5), mean.flatten(1).tolist(), clean.flatten(1).tolist(), strict=True)
    ]
    assert surprise.tolist() == pytest.approx(by_hand, rel=1e-5)


def test_gaussian_guess_and_beyond() -> None:
    told = Gaussian(torch.tensor([[1.0, 2.0]]), torch.tensor(0.5), torch.tensor(1.0))
    blind = Gaussian(torch.tensor([[0.0, 4.0]]), torch.tensor(9.0), torch.tensor(1.0))
    assert told.guess(torch.zeros(1, 2)) is told.mean
    assert told.beyond(blind, 3.0).mean.tolist() == [[3.0, -2.0]]
    assert torch.equal(told.beyond(blind, 1.0).mean, told.mean)
    assert told.beyond(blind, 3.0).var is told.var
    assert isinstance(told, Belief)


def test_categorical_surprise_counts_hidden_tokens_only() -> None:
    logits = torch.randn(2, 3, 5)
    hidden = torch.tensor([[True, False, True], [False, False, False]])
    clean = torch.tensor([[4, 1, 0], [2, 2, 2]])
    logits[0, 1, 1] = -torch.inf  # impossible, but shown: it may not turn the loss into NaN
    surprise = Categorical(logits, hidden, torch.tensor([2.0, 1.0])).surprise(clean)
    log_p = TorchCategorical(logits=logits[0, [0, 2]]).log_prob(torch.tensor([4, 0]))
    assert surprise.tolist() == pytest.approx([-2.0 * float(log_p.sum()) / 3, 0.0], rel=1e-5)


def test_categorical_gradients_stay_finite_beside_the_impossible() -> None:
    logits = torch.zeros(1, 2, 3, requires_grad=True)
    barred = logits + torch.tensor([0.0, 0.0, -torch.inf])
    hidden = torch.tensor([[True, False]])
    Categorical(barred, hidden, torch.tensor(1.0)).surprise(torch.tensor([[0, 2]])).sum().backward()
    assert logits.grad is not None
    assert logits.grad[0, 0].tolist() == pytest.approx([-0.25, 0.25, 0.0])
    assert logits.grad[0, 1].tolist() == [0.0, 0.0, 0.0]


def test_categorical_guess_keeps_what_is_shown() -> None:
    logits = torch.tensor([[[0.0, 1.0], [3.0, 1.0]]])
    guess = Categorical(logits, torch.tensor([[True, False]]), torch.tensor(1.0)).guess(
        torch.tensor([[9, 8]])
    )
    assert guess.tolist() == [[1, 8]]


def test_a_guess_can_be_amended() -> None:
    logits = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])
    hidden = torch.tensor([[True, False]])
    belief = Categorical(logits, hidden, torch.ones(()), lambda guess, hid: torch.where(hid, 7, guess))
    assert belief.guess(torch.tensor([[5, 3]])).tolist() == [[7, 3]]
    assert belief.beyond(belief, 2.0).amend is belief.amend


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.5])
def test_categorical_beyond_is_a_product_of_powers(scale: float) -> None:
    p, q = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.2, 0.3, 0.5])
    one = torch.ones(())
    told = Categorical(p.log()[None, None], torch.tensor([[True]]), one)
    blind = Categorical(q.log()[None, None], torch.tensor([[True]]), one)
    tilted = p**scale * q ** (1 - scale)
    result = told.beyond(blind, scale).logits.softmax(-1)[0, 0]
    assert torch.allclose(result, tilted / tilted.sum(), atol=1e-6)


def test_categorical_beyond_never_allows_the_impossible() -> None:
    one, hidden = torch.ones(()), torch.tensor([[True]])
    told = Categorical(torch.tensor([[[0.0, -torch.inf, 0.0]]]), hidden, one)
    blind = Categorical(torch.tensor([[[0.0, 0.0, -torch.inf]]]), hidden, one)
    assert told.beyond(blind, 2.0).logits.softmax(-1)[0, 0].tolist() == [1.0, 0.0, 0.0]


def test_samples_follow_the_belief() -> None:
    p = torch.tensor([[0.5, 0.3, 0.2, 0.0], [0.0, 0.05, 0.05, 0.9]])
    count = 40_000
    belief = Categorical(p.log().expand(count, 2, 4), torch.ones(count, 2, dtype=torch.bool), torch.ones(()))
    drawn = belief.sample(generator(4))
    for place in range(2):
        share = torch.bincount(drawn[:, place], minlength=4) / count
        assert (share - p[place]).abs().max().item() < 4 * math.sqrt(0.25 / count)
        assert share[p[place] == 0].sum().item() == 0
    assert torch.equal(drawn, belief.sample(generator(4)))


def test_entropy_is_that_of_torch() -> None:
    p = torch.tensor([[[0.25, 0.25, 0.5], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]]])
    belief = Categorical(p.log() + 3.0, torch.ones(1, 3, dtype=torch.bool), torch.ones(()))
    assert torch.allclose(belief.entropy()[0, :2], TorchCategorical(probs=p[0, :2]).entropy(), atol=1e-6)
    assert belief.entropy()[0, 2].item() == pytest.approx(0.0, abs=1e-6)


def test_entropy_that_was_counted_belongs_to_these_logits_alone() -> None:
    logits = torch.randn(2, 3, 4)
    plain = Categorical(logits, torch.ones(2, 3, dtype=torch.bool), torch.ones(()))
    told = replace(plain, counted=(logits, torch.full((2, 3), 7.0)))
    assert told.entropy().tolist() == [[7.0] * 3] * 2
    tilted = replace(told, logits=logits + torch.randn(4))
    assert torch.allclose(tilted.entropy(), replace(tilted, counted=None).entropy())
    assert not torch.equal(tilted.entropy(), told.entropy())
