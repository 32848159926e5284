"""Recall: the exact denoiser of the known plans, weighed by how likely each is."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.planning.domains.toolplan.recall import recalled

PLANS = torch.tensor([[0, 1, 3], [2, 3, 3], [0, 2, 3]])
X = torch.tensor([[4, 4, 4], [0, 4, 4], [4, 3, 4]])


def test_known_plans_tell_what_an_exact_denoiser_tells() -> None:
    memory = PLANS.repeat_interleave(torch.tensor([5, 3, 2]), dim=0)
    exact = RecallTokens(memory, 5, 4)(X, torch.tensor(0.5), Condition()).logits[..., :4].exp()
    told = recalled(X, PLANS, torch.tensor([[0.5, 0.3, 0.2]]), tokens=4).exp()
    assert torch.allclose(told, exact, atol=0.06)
    assert torch.equal(told.argmax(dim=-1), exact.argmax(dim=-1))


def test_where_no_plan_agrees_all_tokens_are_told_the_same() -> None:
    told = recalled(torch.tensor([[1, 4, 4]]), PLANS, torch.tensor([[0.5, 0.3, 0.2]]), tokens=4)
    assert told.unique().tolist() == pytest.approx([torch.tensor(0.1).log().item()])
    assert recalled(X, torch.zeros(0, 3).long(), torch.zeros(1, 0), tokens=4).abs().sum() == 0
