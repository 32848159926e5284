"""Trust finds the word that decides, agrees with a count, and tilts a belief by Bayes' rule."""

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.acting.trust import Report, Trusting, fit_trust
from torch import nn


def told(*bits, call=0, worked=True):
    return Report(torch.tensor(bits, dtype=torch.float32), call, worked)


def test_the_word_that_decides_is_found():
    reports = [told(a, b, call=0, worked=bool(a)) for a in (0, 1) for b in (0, 1) for _ in range(5)]
    trust = fit_trust(reports, calls=2, width=2)
    chance = trust(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    assert chance[0, 0] > 0.9
    assert chance[1, 0] < 0.15
    assert torch.allclose(chance[:, 1], torch.tensor(0.75))  # nobody has tried it
    assert trust.share[0, 0] > 0.99


def test_without_a_deciding_word_it_is_a_count():
    reports = [told(1, worked=i < 3) for i in range(10)]
    assert fit_trust(reports, calls=1, width=1)(torch.ones(1, 1)).item() == pytest.approx(4.5 / 12)


def test_what_is_old_is_forgotten():
    reports = [told(1, worked=True)] * 50 + [told(1, worked=False)] * 20
    steady = fit_trust(reports, calls=1, width=1)(torch.ones(1, 1))
    quick = fit_trust(reports, calls=1, width=1, forget=0.8)(torch.ones(1, 1))
    assert quick.item() < 0.25 < 0.5 < steady.item()
    with pytest.raises(InvalidConfigError):
        fit_trust([], calls=1, width=1, forget=0.0)


class Fixed(nn.Module):
    """Believes in making either of two calls with these chances."""

    def __init__(self, *chances):
        super().__init__()
        self.chances = chances

    def forward(self, x, t, condition):
        logits = torch.tensor([[1 - p, p, 0.0] for p in self.chances]).log()
        return Categorical(logits.expand(len(x), -1, -1), x == 2, torch.ones(()))


def made(denoiser, *tokens):
    x, condition = torch.tensor([tokens]), Condition(context={"context": torch.ones(1, 1)})
    return denoiser(x, torch.ones(()), condition).logits.softmax(-1)[0, :, 1]


def test_trust_chooses_between_rivals_and_rests_while_training():
    reports = [told(1, call=0, worked=False)] * 8 + [told(1, call=1)] * 8
    trust = fit_trust(reports, calls=2, width=1)
    believed = Trusting(Fixed(0.5, 0.5), trust, scale=1.0).eval()
    bad, good = 1.5 / 10, 9.5 / 10
    odds = made(believed, 2, 2) / (1 - made(believed, 2, 2))
    assert odds.log().sum().item() == pytest.approx(0.0, abs=1e-5)  # no more and no fewer calls than before
    assert (odds[1] / odds[0]).item() == pytest.approx(good / bad, rel=1e-5)
    believed.train()
    assert made(believed, 2, 2).tolist() == pytest.approx([0.5, 0.5])


def test_what_is_decided_does_not_count_in_the_mean():
    trust = fit_trust([told(1, call=0, worked=False)] * 8, calls=2, width=1)
    believed = Trusting(Fixed(0.5, 0.3), trust, scale=1.0).eval()
    assert made(believed, 0, 2)[1].item() == pytest.approx(0.3, rel=1e-4)


def test_sharpness_makes_the_likely_likelier():
    assert made(Trusting(Fixed(0.75), sharpness=2.0).eval(), 2).item() == pytest.approx(0.9)
