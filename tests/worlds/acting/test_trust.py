"""Trust tilts a belief by Bayes' rule, chooses between rivals, and rests while training."""

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion_worlds.acting.deciding import fit_trust
from agentic_diffusion_worlds.acting.trust import Report, Trusting
from torch import nn


def told(*bits, call=0, worked=True):
    return Report(torch.tensor(bits, dtype=torch.float32), call, worked)


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
    bad, good = 0.75 / 9, 8.75 / 9
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
