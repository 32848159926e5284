"""New tokens are those that requests hold and old rows hardly do; they can be learned while nothing else moves."""

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.novel import novel
from agentic_diffusion_code.model.prefer import Drill, drilled
from agentic_diffusion_code.model.rows import Noise, Row

OLD = [Row((5, 6), (7, 8, 2))] * 9 + [Row((5, 9), (7, 11, 2))]


def test_a_token_is_new_where_few_old_rows_hold_it_in_prompt_or_program():
    lessons = [Row((5, 9, 10, 11), (7, 8, 12, 2))]
    assert novel(lessons, OLD, share=0.0) == {10}
    assert novel(lessons, OLD, share=0.1) == {9, 10, 11}


def test_only_the_embeddings_of_new_tokens_move_and_they_learn():
    torch.manual_seed(0)
    net = BlockTransformer(Shape(13, width=8, depth=1, heads=2))
    drill = Drill(steps=30, rows=4, old=0.0, beta=0.0, learning_rate=0.05, blocks=(2,))
    told = [
        (moved, student)
        for moved, student in drilled(
            net, [], [Row((5, 10), (7, 8, 7, 2))], noise=Noise(0, 1), drill=drill, only={10}
        )
    ]
    student = told[-1][1]
    before, after = net.state_dict(), student.state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["embed.weight"]
    rows = (before["embed.weight"] != after["embed.weight"]).any(1).nonzero().flatten().tolist()
    assert rows == [10]
    losses = [moved.surprise for moved, _ in told]
    assert sum(losses[-5:]) < sum(losses[:5])
