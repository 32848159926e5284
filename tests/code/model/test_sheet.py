"""Sheets: runs side by side are what each is alone, with what it may see."""

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.sheet import Sheet

NONE = torch.tensor([-1])


def test_runs_see_what_they_name_and_nothing_else() -> None:
    sheet = Sheet()
    one = sheet.add(torch.tensor([[5, 6]]), start=0, left=NONE, sees=())
    two = sheet.add(torch.tensor([[7]]), start=2, left=torch.tensor([6]), sees=(one,))
    three = sheet.add(torch.tensor([[8]]), start=2, left=torch.tensor([6]), sees=())
    assert sheet.tokens.tolist() == [[5, 6, 7, 8]]
    assert sheet.position.tolist() == [[0, 1, 2, 2]]
    assert sheet.before.tolist() == [[-1, 5, 6, 6]]
    assert sheet.mask(1)[0, 0].long().tolist() == [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 0, 0, 0, 1],
    ]
    whole = torch.arange(4.0).view(1, 4, 1)
    assert [sheet.part(whole, run).flatten().tolist() for run in (one, two, three)] == [[0, 1], [2], [3]]


@torch.no_grad()
def test_a_run_beside_others_is_the_run_alone() -> None:
    torch.manual_seed(0)
    network = BlockTransformer(Shape(16, width=16, depth=2, heads=2)).eval()
    clean, guess, hidden = torch.tensor([[3, 4, 5]]), torch.tensor([[6, 7]]), torch.tensor([[1, 1]])

    def told(beside: bool) -> torch.Tensor:
        sheet = Sheet()
        first = sheet.add(clean, start=0, left=NONE, sees=())
        if beside:
            sheet.add(hidden, start=3, left=clean[:, -1], sees=(first,))
        second = sheet.add(guess, start=3, left=clean[:, -1], sees=(first,))
        last = sheet.add(hidden, start=5, left=guess[:, -1], sees=(first, second))
        states, _ = network(sheet.tokens, sheet.position, sheet.mask(0), before=sheet.before)
        return sheet.part(states, last)

    assert torch.allclose(told(True), told(False), atol=1e-5)
