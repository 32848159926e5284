"""Looking back: one call says what a look at each place would have said."""

import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.heeded import Hears
from agentic_diffusion_code.model.reading import Embedded, Marks
from agentic_diffusion_code.opinion import Scans, ScansMany

MARKS = Marks(1, 2, 0)


@pytest.mark.parametrize(("prompt", "block"), [([5, 6, 7], 4), ([5], 2), ([], 4)])
def test_one_call_says_what_looks_say(prompt: list[int], block: int) -> None:
    torch.manual_seed(0)
    model = Embedded(BlockTransformer(Shape(16, width=16, depth=2, heads=2)).eval(), MARKS)
    assert isinstance(model, Scans)
    program = [3, 4, 8, 9, 10, 11, 12, 13, 2]
    seen = model.scan(prompt, program, block=block)
    reading, padded = model.open(prompt), [*program, *[0] * (-len(program) % block)]
    looked = []
    for start in range(0, len(padded), block):
        row = torch.tensor([padded[start : start + block]])
        for place in range(block):
            hidden = row.clone()
            hidden[0, place:] = MARKS.mask
            looked.append(reading.look(hidden)[0, place].log_softmax(-1))
        reading.keep(row)
    assert seen.shape == (9, 16)
    assert torch.allclose(seen, torch.stack(looked)[:9], atol=1e-5)


def test_several_programs_are_looked_back_at_in_one_call() -> None:
    torch.manual_seed(0)
    model = Embedded(BlockTransformer(Shape(16, width=16, depth=2, heads=2)).eval(), MARKS)
    assert isinstance(model, ScansMany)
    programs = [[3, 4, 8, 2], [3, 4, 8, 9, 10, 11, 12, 13, 2], [7]]
    for prompt in ([5, 6, 7], []):
        for seen, program in zip(model.scans(prompt, programs, block=4), programs, strict=True):
            assert torch.allclose(seen, model.scan(prompt, program, block=4), atol=1e-5)


def test_one_program_is_heard_after_several_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = Embedded(BlockTransformer(Shape(16, width=16, depth=2, heads=2)).eval(), MARKS)
    assert isinstance(model, Hears)
    program, prompts = [3, 4, 8, 9, 10, 2], [[5, 6, 7], [5, 7], [6]]
    seen, calls = model.hears(prompts, program, block=4)
    assert (seen.shape, calls) == ((3, 6), 1)
    for row, prompt in zip(seen, prompts, strict=True):
        reading = model.open(prompt)
        first = reading.look(torch.full((1, 4), MARKS.mask)).log_softmax(-1)[0]
        reading.keep(torch.tensor([program[:4]]))
        then = reading.look(torch.full((1, 4), MARKS.mask)).log_softmax(-1)[0]
        own = torch.cat([first, then])[torch.arange(6), program]
        assert torch.allclose(row, own, atol=1e-5)
    monkeypatch.setattr("agentic_diffusion_code.model.hindsight.ROOM", 1)
    again, calls = model.hears(prompts, program, block=4)
    assert calls == 3
    assert torch.allclose(again, seen, atol=1e-5)
