"""Muon: steps are orthogonal, equal PyTorch's own, and reach a minimum."""

import pytest
import torch
from agentic_diffusion_code.model.muon import Muon, orthogonal


def test_singular_values_are_near_one_and_vectors_stay() -> None:
    x = torch.randn(3, 6, 10, generator=torch.Generator().manual_seed(0))
    for given in (x, x.mT):
        made = orthogonal(given)
        assert made.shape == given.shape
        values = torch.linalg.svdvals(made)
        assert values.min() > 0.6
        assert values.max() < 1.3
        u, _, v = torch.linalg.svd(given, full_matrices=False)
        inner = u.mT @ made @ v.mT
        off = inner - torch.diag_embed(inner.diagonal(dim1=-2, dim2=-1))
        assert off.abs().max() < 1e-4


def test_steps_equal_those_of_pytorch_within_its_coarser_numbers() -> None:
    rng = torch.Generator().manual_seed(1)
    start = [
        torch.randn(8, 12, generator=rng),
        torch.randn(12, 8, generator=rng),
        torch.randn(8, 8, generator=rng),
    ]
    ours, theirs = ([torch.nn.Parameter(each.clone()) for each in start] for _ in range(2))
    mine = Muon(ours, lr=0.1, weight_decay=0.1)
    other = torch.optim.Muon(theirs, lr=0.1, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        for a, b in zip(ours, theirs, strict=True):
            grad = torch.randn(a.shape, generator=rng)
            a.grad, b.grad = grad, grad.clone()
        mine.step()
        other.step()
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a, b, atol=0.02), (a - b).abs().max()


def test_it_finds_a_matrix_and_leaves_parameters_without_gradient_alone() -> None:
    rng = torch.Generator().manual_seed(2)
    inputs, truth = torch.randn(64, 5, generator=rng), torch.randn(5, 4, generator=rng)
    weight, idle = torch.nn.Parameter(torch.zeros(5, 4)), torch.nn.Parameter(torch.ones(2, 2))
    optimiser = Muon([weight, idle], lr=0.1)
    for step in range(150):
        optimiser.param_groups[0]["lr"] = 0.2 * (1 - step / 150)
        optimiser.zero_grad()
        (inputs @ (weight - truth)).square().mean().backward()
        optimiser.step()
    assert (weight - truth).abs().max() < 0.05
    assert torch.equal(idle, torch.ones(2, 2))


def test_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="no matrix"):
        Muon([torch.nn.Parameter(torch.zeros(3))], lr=0.1)
