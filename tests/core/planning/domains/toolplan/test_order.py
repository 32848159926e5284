"""One slot after the other: from the left, or the surest first, with a new belief each time."""

import torch
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.schedule import Linear
from agentic_diffusion.planning.domains.toolplan.order import careful
from agentic_diffusion.testing import check_kernel


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
