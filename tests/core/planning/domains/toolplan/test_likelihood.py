"""Likelihood: exact for plans known by heart."""

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.planning.domains.toolplan.likelihood import Chained


def test_the_chain_rule_gives_the_share_of_each_plan(catalogue) -> None:
    memory = torch.tensor([[0, 1, 4], [0, 1, 4], [0, 2, 4], [3, 4, 4]])
    denoiser = RecallTokens(memory, catalogue.vocabulary, catalogue.mask)
    asked = []

    def ask(x, t):
        asked.append(len(x))
        return denoiser(x, t, Condition())

    told = Chained(catalogue)(ask, torch.tensor([[0, 1, 4], [3, 4, 4], [0, 2, 4], [0, 1, 4], [1, 4, 4]]))
    assert told.exp().tolist() == pytest.approx([0.5, 0.25, 0.25, 0.5, 0.0])
    assert (
        asked.pop(0) == 6
    )  # nothing, 0, 0 1, 0 2, 1 and 3: shared beginnings once, and nothing behind a stop


def test_many_requests_are_asked_about_in_one_call_and_kept_apart(catalogue) -> None:
    memories = [torch.tensor([[0, 1, 4], [0, 2, 4]]), torch.tensor([[0, 1, 4], [3, 4, 4], [3, 4, 4]])]
    known = [RecallTokens(memory, catalogue.vocabulary, catalogue.mask) for memory in memories]
    calls = []

    def ask(x, t, of):
        calls.append(of.tolist())
        told = [known[k](x[i : i + 1], t[i : i + 1], Condition()).logits for i, k in enumerate(of.tolist())]
        return Categorical(torch.cat(told), x == catalogue.mask, torch.ones(()))

    plans = [torch.tensor([[0, 1, 4], [0, 1, 4]]), torch.tensor([[3, 4, 4], [0, 1, 4], [0, 2, 4]])]
    first, second = Chained(catalogue).of_many(ask, plans)
    assert first.exp().tolist() == pytest.approx([0.5, 0.5])
    assert second.exp().tolist() == pytest.approx([2 / 3, 1 / 3, 0.0])
    assert calls == [[0, 0, 0, 1, 1, 1, 1, 1]]
