"""Baselines learn what they can learn."""

import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.planning.domains.toolplan.order import Beginnings
from agentic_diffusion.testing import check_process
from agentic_diffusion_worlds.ultratool.baselines import NextOnly, fit_logistic, nearest_plans
from agentic_diffusion_worlds.ultratool.data import load


def test_nearest_and_linear_find_plans_of_easy_texts(folder) -> None:
    data = load(folder, test=folder / "test.jsonl")
    truth = [plan.tools for _, plan in data.test]
    assert nearest_plans(data.train, data.test)[:3] == truth[:3]
    model = fit_logistic(data.train, [tool.name for tool in data.tools], links=data.links)
    told = model([request.goal for request, _ in data.test])
    assert told[:3] == truth[:3]
    assert all(plan for plan in told)


def test_a_suffix_is_hidden(folder) -> None:
    clean = torch.arange(4).repeat(64, 1)
    process = Beginnings(MaskedProcess(Linear(), 9), share=1.0)
    check_process(process, clean)
    told = process.corrupt(clean, torch.rand(64, generator=generator(0)), generator(0))
    hidden = (told == 9).long()
    assert bool((hidden.diff(dim=1) >= 0).all())
    assert bool(hidden.any(dim=1).all())
    assert {int(count) for count in hidden.sum(dim=1)} == {1, 2, 3, 4}


def test_only_the_next_slot_counts() -> None:
    class Flat(torch.nn.Module):
        def forward(self, x, t, condition):
            return Categorical(torch.zeros(*x.shape, 10), x == 9, torch.ones(()))

    belief = NextOnly(Flat())(torch.tensor([[1, 9, 9], [9, 9, 9]]), torch.tensor(0.5), Condition())
    assert belief.hidden.tolist() == [[False, True, False], [True, False, False]]
