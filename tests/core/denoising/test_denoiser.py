"""Denoisers: targets, networks as denoisers, classifier-free guidance, exact recall, and the loss."""

import itertools
import math

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.denoiser import (
    ClassifierFree,
    Denoiser,
    GaussianNet,
    MaskedNet,
    PredictNoise,
    PredictTruth,
    PredictVelocity,
    RecallTokens,
    RecallTrajectories,
    Target,
    forget,
    loss,
)
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess
from agentic_diffusion.denoising.schedule import Cosine, Linear, LogLinear
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from torch import nn

MASK = 3


class Fixed(nn.Module):
    """A network that says one thing and remembers what it was asked."""

    def __init__(self, output: torch.Tensor) -> None:
        super().__init__()
        self.output = output

    def forward(self, x, t, context):
        self.seen = (x, t, context)
        return self.output


@pytest.mark.parametrize("target", [PredictTruth(), PredictNoise(), PredictVelocity()], ids=repr)
def test_a_perfect_network_recovers_the_truth_and_its_loss_is_that_of_its_target(target: Target) -> None:
    schedule = Cosine()
    clean, noise, t = torch.randn(5, 4, 2), torch.randn(5, 4, 2), torch.tensor([0.05, 0.3, 0.5, 0.8, 0.95])
    a = schedule(t).reshape(5, 1, 1)
    x = a.sqrt() * clean + (1 - a).sqrt() * noise
    told = {
        PredictTruth: clean,
        PredictNoise: noise,
        PredictVelocity: a.sqrt() * noise - (1 - a).sqrt() * clean,
    }[type(target)]
    belief = GaussianNet(Fixed(told), schedule, target=target)(x, t, Condition())
    assert torch.allclose(belief.mean, clean, atol=2e-4)
    assert torch.allclose(belief.var, 1 - a)
    error = 0.1 * torch.randn(5, 4, 2)
    off = GaussianNet(Fixed(told + error), schedule, target=target)(x, t, Condition())
    assert torch.allclose(off.surprise(clean), (error**2).mean((1, 2)), rtol=2e-2)


def test_networks_are_asked_with_one_level_a_sample_and_the_context() -> None:
    net = Fixed(torch.zeros(4, 2))
    GaussianNet(net, Linear(), target=PredictTruth())(torch.ones(4, 2), torch.tensor(0.5), Condition())
    x, t, context = net.seen
    assert x.tolist() == [[1, 1]] * 4
    assert t.tolist() == [0.5] * 4
    assert dict(context) == {}


def test_masked_net_never_believes_in_the_mask() -> None:
    net = MaskedNet(Fixed(torch.tensor([[[0.0, 0, 0, 99.0]] * 2] * 2)), LogLinear(0.0), mask_token=MASK)
    x = torch.tensor([[MASK, 1], [MASK, MASK]])
    belief = net(x, torch.tensor([0.5, 0.25]), Condition())
    assert belief.logits.softmax(-1)[0, 0].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])
    assert torch.equal(belief.hidden, x == MASK)
    assert belief.weight.tolist() == pytest.approx([2.0, 4.0])  # 1 / (1 - alpha) = 1 / t


def test_classifier_free_follows_its_formula() -> None:
    def denoiser(x, t, condition):
        told = condition.context["told"].reshape(-1, 1) if "told" in condition.context else torch.ones(1, 1)
        return Gaussian(x + told * condition.context["context"], torch.ones(()), torch.ones(()))

    context = {"context": torch.tensor([[2.0], [3.0]])}
    x = torch.zeros(2, 1)
    for scale in (0.0, 1.0, 2.5):
        belief = ClassifierFree(denoiser, scale)(x, torch.tensor(0.5), Condition(context=context))
        assert belief.mean[:, 0].tolist() == pytest.approx([2 * scale, 3 * scale])
    assert isinstance(ClassifierFree(denoiser, 1.0), Denoiser)


def test_forget_marks_all_or_a_random_share() -> None:
    context = {"context": torch.ones(10_000, 3)}
    assert forget(context)["told"].sum().item() == 0
    assert forget({})["told"].tolist() == [0.0]
    told = forget(context, generator(0), chance=0.25)["told"]
    assert told.mean().item() == pytest.approx(0.75, abs=0.02)
    again = forget({**context, "told": told}, generator(1), chance=0.5)["told"]
    assert bool((again <= told).all())
    assert again.mean().item() == pytest.approx(0.375, abs=0.02)
    assert forget(context, generator(0), chance=0.0)["told"].mean().item() == 1.0


@pytest.mark.parametrize("count", [3, 60])
def test_recall_of_trajectories_is_bayes_rule(count: int) -> None:
    """Also for more than 25 rows, where torch's own distances lose digits."""
    memory = torch.randn(count, 2, 3, generator=generator(0))
    recall, t = RecallTrajectories(memory, Cosine()), torch.tensor([0.02, 0.3, 0.7, 1.0])
    x = GaussianProcess(Cosine()).corrupt(memory[:1].expand(4, 2, 3), t, generator(1))
    belief = recall(x, t, Condition())
    for row in range(4):
        a = float(Cosine()(t[row].double()))
        log_w = [
            -float(((x[row].double() - math.sqrt(a) * m.double()) ** 2).sum()) / (2 * (1 - a)) for m in memory
        ]
        w = torch.tensor(log_w, dtype=torch.float64).softmax(0)
        mean = torch.einsum("n,nij->ij", w, memory.double())
        var = torch.einsum("n,nij->ij", w, (memory.double() - mean) ** 2)
        assert torch.allclose(belief.mean[row].double(), mean, atol=2e-3)
        assert torch.allclose(belief.var[row].double(), var, atol=2e-3)


ROWS = torch.tensor([[0, 0, 1], [0, 1, 1], [0, 1, 1], [2, 2, 0], [1, 0, 2], [2, 2, 2]])


def test_recall_of_tokens_is_exact_for_every_partial_state() -> None:
    recall = RecallTokens(ROWS, 4, MASK)
    for partial in itertools.product(range(4), repeat=3):
        fits = [r for r in ROWS.tolist() if all(p in (MASK, q) for p, q in zip(partial, r, strict=True))]
        fits = fits or ROWS.tolist()  # nothing agrees: all rows count
        belief = recall(torch.tensor([partial]), torch.tensor(0.5), Condition())
        for place in range(3):
            share = [sum(r[place] == v for r in fits) / len(fits) for v in range(4)]
            assert belief.logits[0, place].exp().tolist() == pytest.approx(share, abs=1e-6)
        assert belief.hidden[0].tolist() == [p == MASK for p in partial]


def test_the_loss_is_the_surprise_after_corruption_and_pinning() -> None:
    process = GaussianProcess(Linear())
    clean = torch.randn(3, 2)
    pin = Inpaint(clean[:, :1], torch.tensor([[True]]).expand(3, 1))
    seen = []

    def denoiser(x, t, condition):
        seen.append(x)
        return Gaussian(torch.zeros_like(x), torch.ones(()), torch.ones(()))

    def wide(x):
        return torch.cat([pin(x[:, :1]), x[:, 1:]], dim=1)

    t = torch.tensor([0.2, 0.5, 0.9])
    value = loss(process, denoiser, clean, t=t, condition=Condition(wide), rng=generator(0))
    assert torch.equal(seen[0][:, 0], clean[:, 0])
    assert torch.equal(seen[0][:, 1], process.corrupt(clean, t, generator(0))[:, 1])
    assert torch.allclose(value, (clean**2).mean(1))


def test_the_masked_loss_bounds_the_entropy_of_the_data() -> None:
    """With exact beliefs the weighted loss is, on average, the entropy per token of the data (MDLM, eq. 10)."""
    process, recall = MaskedProcess(LogLinear(0.0), MASK), RecallTokens(ROWS, 4, MASK)

    def weighted(x, t, condition):
        belief = recall(x, t, condition)
        return Categorical(belief.logits, belief.hidden, 1 / t)

    count = 60_000
    clean = ROWS[torch.randint(0, 6, (count,), generator=generator(0))]
    t = (torch.arange(count) + 0.5) / count
    surprise = loss(process, weighted, clean, t=t, condition=Condition(), rng=generator(1)).mean().item()
    shares = [1 / 6, 2 / 6, 1 / 6, 1 / 6, 1 / 6]
    assert surprise == pytest.approx(-sum(p * math.log(p) for p in shares) / 3, rel=0.03)
