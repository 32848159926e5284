"""The reward of tokens: planted worths are recovered, and plans tilt towards them."""

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import RewardLogits
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.reward import RewardModel
from agentic_diffusion_evolve.tokens import fit_tokens

NOW = torch.tensor(0.0)


@pytest.fixture
def planted():
    rng = generator(0)
    worth = torch.randn(4, 6, generator=rng)
    worth[:, 5] = 0  # the mask token
    rows = torch.randint(5, (600, 4), generator=rng)
    return worth, rows, worth[torch.arange(4), rows].sum(1) + 0.05 * torch.randn(600, generator=rng)


def test_planted_worths_are_recovered(planted) -> None:
    worth, rows, rewards = planted
    model = fit_tokens(rows, rewards, vocabulary=6, rng=generator(1), ridge=0.1)
    assert isinstance(model, RewardModel)
    told = model.score(rows, NOW, Condition())
    assert float((told - rewards).abs().mean()) < 0.1
    table = model(rows)[0, :, :5]
    assert torch.allclose(
        table - table.mean(1, keepdim=True), worth[:, :5] - worth[:, :5].mean(1, keepdim=True), atol=0.1
    )
    assert model(rows)[0, :, 5].abs().max() < 1e-6


def test_it_disagrees_about_tokens_it_has_hardly_seen(planted) -> None:
    _, rows, rewards = planted
    rare = torch.cat([rows[rows[:, 0] != 4], rows[rows[:, 0] == 4][:2]])
    kept = torch.cat([rewards[rows[:, 0] != 4], rewards[rows[:, 0] == 4][:2]])
    model = fit_tokens(rare, kept, vocabulary=6, rng=generator(1), members=12, ridge=0.1)
    asked = torch.tensor([[4, 1, 1, 1], [2, 1, 1, 1]])
    doubt = model.disagreement(asked, NOW, Condition())
    assert doubt[0] > 2 * doubt[1]


def test_a_guide_of_it_makes_good_tokens_likelier(planted) -> None:
    worth, rows, rewards = planted
    model = fit_tokens(rows, rewards, vocabulary=6, rng=generator(1))
    belief = Categorical(torch.zeros(1, 4, 6), torch.ones(1, 4, dtype=torch.bool), torch.ones(1))
    tilted = RewardLogits(model, scale=3.0)(belief, rows[:1], torch.tensor(0.5))
    assert torch.equal(tilted.logits[0].argmax(-1), worth.argmax(-1))


def test_what_is_not_trusted_counts_nothing(planted) -> None:
    _, rows, rewards = planted
    trust = (torch.arange(600) < 300).float()
    lies = torch.where(trust > 0, rewards, -50.0)
    honest = fit_tokens(rows[:300], rewards[:300], vocabulary=6, rng=generator(1))
    model = fit_tokens(rows, lies, vocabulary=6, rng=generator(1), trust=trust)
    gap = model.score(rows, NOW, Condition()) - honest.score(rows, NOW, Condition())
    assert gap.abs().mean() < 0.1
    with pytest.raises(InvalidConfigError):
        fit_tokens(rows[:0], rewards[:0], vocabulary=6, rng=generator(0))
