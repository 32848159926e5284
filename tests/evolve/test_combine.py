"""Combined rewards are the sums, penalties and clips they say they are."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.combine import clipped, penalty, weighted

X = torch.tensor([[-2.0, 1.0], [0.5, 0.5], [3.0, 4.0]])


def total(x):
    return x.sum(dim=1)


def test_sums_penalties_and_clips() -> None:
    assert weighted((2.0, total), (-1.0, lambda x: x[:, 0]))(X).tolist() == [0.0, 1.5, 11.0]
    assert penalty(total, allowed=1.0, scale=3.0)(X).tolist() == [0.0, 0.0, -18.0]
    assert clipped(total, low=0.0, high=2.0)(X).tolist() == [0.0, 1.0, 2.0]


def test_gradients_pass_where_they_should() -> None:
    x = X.clone().requires_grad_()
    weighted((1.0, penalty(total, allowed=2.0)), (1.0, clipped(total, low=-5.0, high=5.0)))(
        x
    ).sum().backward()
    assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]]


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidConfigError):
        weighted()
    with pytest.raises(InvalidConfigError):
        clipped(total, low=1.0, high=1.0)
