"""One slot after the other: from the left, the surest first, or the likeliest beginnings; a new belief each time."""

import pytest
import torch
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.denoising.state import Condition, Shares, Step, generator
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.likelihood import Chained
from agentic_diffusion.planning.domains.toolplan.order import Beginnings, careful, searching
from agentic_diffusion.records import ToolSpec
from agentic_diffusion.testing import check_kernel, check_process


def test_slots_are_filled_from_the_left(run) -> None:
    memory = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    process = MaskedProcess(Linear(), 4)
    denoiser = RecallTokens(memory, 5, 4)
    like = torch.zeros(6, 4, dtype=torch.long)
    check_kernel(careful(process, leftmost=True), process, denoiser, like=like, steps=4)
    for levels in ([1.0, 0.75, 0.5, 0.25, 0.0], [1.0, 0.5, 0.0], [1.0, 0.0]):
        steps = run(process, denoiser, like, levels, kernel=careful(process, leftmost=True))
        for step in steps:
            hidden = (step.x == 4).long()
            assert bool((hidden.diff(dim=1) >= 0).all())
        assert {tuple(row) for row in steps[-1].x.tolist()} <= {(0, 1, 2, 3), (3, 2, 1, 0)}


def test_the_surest_slot_comes_first_and_no_contradiction_is_drawn(run) -> None:
    memory = torch.tensor([[0, 1, 2], [3, 1, 0]])
    process = MaskedProcess(Linear(), 4)
    denoiser = RecallTokens(memory, 5, 4)
    like = torch.zeros(16, 3, dtype=torch.long)
    check_kernel(careful(process), process, denoiser, like=like, steps=3)
    steps = run(process, denoiser, like, [1.0, 2 / 3, 1 / 3, 0.0], kernel=careful(process))
    assert bool((steps[0].x[:, 1] == 1).all())
    for levels in ([1.0, 2 / 3, 1 / 3, 0.0], [1.0, 0.0]):
        steps = run(process, denoiser, like, levels, kernel=careful(process))
        assert {tuple(row) for row in steps[-1].x.tolist()} == {(0, 1, 2), (3, 1, 0)}


MEMORY = torch.tensor([[0, 1, 3]] * 5 + [[2, 3, 3]] * 3 + [[0, 2, 1]] * 2 + [[1, 0, 3]])
"""Plans of tools 0 to 2, with 3 to stop and 4 for what is hidden."""


def test_the_search_finds_the_likeliest_plans_with_their_likelihoods(run) -> None:
    process, denoiser = MaskedProcess(Linear(), 4), RecallTokens(MEMORY, 5, 4)
    like = torch.zeros(3, 3, dtype=torch.long)
    kernel = searching(process, stop=3)
    check_kernel(kernel, process, denoiser, like=like, steps=3)
    for levels in ([1.0, 2 / 3, 1 / 3, 0.0], [1.0, 0.5, 0.0], [1.0, 0.0]):
        last = run(process, denoiser, like, levels, kernel=kernel)[-1]
        assert last.x.tolist() == [[0, 1, 3], [2, 3, 3], [0, 2, 1]]
        assert last.score.exp().tolist() == [pytest.approx(share / 11) for share in (5, 3, 2)]
    chained = Chained(Catalogue.of([ToolSpec(name=name) for name in "abc"]))
    told = chained(lambda x, t: denoiser(x, t, Condition()), last.x)
    assert torch.allclose(told, last.score)


def test_too_few_plans_are_filled_up_with_the_likeliest_and_complete_ones_are_not_asked_about(run) -> None:
    process, inner = MaskedProcess(Linear(), 4), RecallTokens(MEMORY, 5, 4)
    asked = []

    def denoiser(x, t, condition):
        asked.append(x.tolist())
        return inner(x, t, condition)

    like = torch.zeros(6, 3, dtype=torch.long)
    last = run(process, denoiser, like, [1.0, 2 / 3, 1 / 3, 0.0], kernel=searching(process, stop=3))[-1]
    assert last.x.tolist() == [[0, 1, 3], [2, 3, 3], [0, 2, 1], [1, 0, 3], [0, 1, 3], [0, 1, 3]]
    assert torch.isneginf(last.score).tolist() == [False] * 4 + [True] * 2
    assert asked == [[[4, 4, 4]], [[0, 4, 4], [2, 4, 4], [1, 4, 4]], [[0, 1, 4], [0, 2, 4], [1, 0, 4]]]


def test_beams_of_several_requests_do_not_mix() -> None:
    process, denoiser = MaskedProcess(Linear(), 4), RecallTokens(MEMORY, 5, 4)
    x = torch.tensor([[4, 4, 4]] * 2 + [[1, 4, 4]] * 2)
    rng = Shares([generator(0), generator(1)], rows=2)
    kernel = searching(process, stop=3)
    told = kernel(
        Step(x, torch.tensor(1.0)), torch.tensor(0.0), lambda x, t: denoiser(x, t, Condition()), rng
    )
    assert told.x.tolist() == [[0, 1, 3], [2, 3, 3], [1, 0, 3], [1, 0, 3]]
    assert told.score.exp().tolist() == [pytest.approx(5 / 11), pytest.approx(3 / 11), 1.0, 0.0]


def test_half_of_the_noise_hides_what_stands_behind_a_beginning() -> None:
    clean = torch.arange(4).repeat(400, 1)
    process = Beginnings(MaskedProcess(Linear(), 9))
    check_process(process, clean)
    hidden = (process.corrupt(clean, torch.full((400,), 0.5), generator(0)) == 9).long()
    begun = (hidden == torch.tensor([0, 0, 1, 1])).all(dim=1).float().mean().item()
    assert 0.45 < begun < 0.65  # every second one, and one in sixteen of the others by chance
    shown = process.corrupt(clean, torch.zeros(400), generator(0))
    assert torch.equal(shown, clean)
