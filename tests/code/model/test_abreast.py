"""Abreast: the same programs as in lockstep, in fewer calls, for nobody waits for anybody."""

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_code.model.abreast import Opens, abreast
from agentic_diffusion_code.model.decode import write
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Embedded, Marks

MARKS = Marks(mask=1, end=2, pad=0)
HEADS = [[5, 6, 7, 8, 9], [], [5, 6], [3] * 9, [4, 2]]
HOW = Decoding(block=4, bound=0.4, longest=20)


def model(seed: int) -> Embedded:
    torch.manual_seed(seed)
    made = BlockTransformer(Shape(12, width=16, depth=2, heads=2)).eval()
    with torch.no_grad():
        made.embed.weight.mul_(3.0)  # beliefs with opinions
    return Embedded(made, MARKS)


def read(row: torch.Tensor) -> list[int]:
    ids = row.tolist()
    return ids[: ids.index(MARKS.end) + 1] if MARKS.end in ids else [i for i in ids if i != MARKS.pad]


def test_programs_are_those_of_lockstep_and_of_writing_each_alone() -> None:
    calls = alone = locked = 0
    for seed in range(3):
        made = model(seed)
        assert isinstance(made, Opens)
        drafts = list(abreast(made, [5, 6, 7], heads=HEADS, seed=0, decoding=HOW))
        assert [draft.done for draft in drafts].count(True) == 1
        *_, step = write(made, [5, 6, 7], count=5, rng=generator(0), fixed=HEADS, decoding=HOW)
        assert [read(row) for row in drafts[-1].tokens] == [read(row) for row in step.tokens]
        each = []
        for head in HEADS:
            *_, one = write(made, [5, 6, 7], count=1, rng=generator(0), fixed=[head], decoding=HOW)
            each.append(one)
        assert [read(row) for row in drafts[-1].tokens] == [read(one.tokens[0]) for one in each]
        assert drafts[-1].forwards <= max(one.forwards for one in each)
        calls, locked = calls + drafts[-1].forwards, locked + step.forwards
        alone += sum(one.forwards for one in each)
    assert calls < 0.7 * locked
    assert calls < 0.5 * alone


def test_what_cannot_stand_is_written_anew_and_the_others_are_not_touched() -> None:
    made = model(1)
    *_, free = abreast(made, [5], heads=[[5], [6]], seed=0, decoding=HOW)
    barred = int(free.tokens[0, 2])

    def viable(rows: torch.Tensor) -> torch.Tensor:
        return (rows[:, 2] != barred) | (rows[:, 0] != 5)

    runs = [[*abreast(made, [5], heads=[[5], [6]], seed=3, decoding=HOW, viable=viable)] for _ in range(2)]
    assert torch.equal(runs[0][-1].tokens, runs[1][-1].tokens)
    assert read(runs[0][-1].tokens[1]) == read(free.tokens[1])
    assert runs[0][-1].forwards > free.forwards


def test_long_blocks_are_asked_about_one_look_at_a_time() -> None:
    made, how = model(2), Decoding(block=12, bound=0.4, longest=24)
    *_, side = abreast(made, [5], heads=[[5], [6]], seed=0, decoding=how)
    *_, step = write(made, [5], count=2, rng=generator(0), fixed=[[5], [6]], decoding=how)
    assert [read(row) for row in side.tokens] == [read(row) for row in step.tokens]
