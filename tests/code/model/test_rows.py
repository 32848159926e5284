"""Training rows: every token is asked for once, and nobody sees the answer."""

import numpy as np
import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.rows import (
    CLEAN,
    IGNORE,
    NOISY,
    PROMPT,
    Noise,
    Piece,
    Row,
    attention,
    noisy,
    packed,
)

PLAIN = Noise(0, 1, span_share=0.0, wrong_share=0.0)
ROW = Row((20, 21, 22), tuple(range(4, 14)), fixed=2)


def copies(piece: Piece) -> list[np.ndarray]:
    return [piece.kind == NOISY, piece.kind == NOISY + 1]


@pytest.mark.parametrize("size", [0, 4, 16])
def test_copies_hide_what_the_other_shows(size: int) -> None:
    for seed in range(20):
        piece = noisy(ROW, PLAIN, size=size, rng=np.random.default_rng(seed))
        first, second = (piece.tokens[copy] for copy in copies(piece))
        assert not ((first == 1) & (second == 1)).any()
        assert (((first == 1) | (second == 1))[2:]).all()
        assert (first[:2] == [4, 5]).all()
        asked = np.concatenate([piece.target[copy] for copy in copies(piece)])
        assert sorted(asked[asked > 0]) == list(range(6, 14))
        assert (piece.target[piece.kind < NOISY] == IGNORE).all()
        assert piece.position[piece.kind == PROMPT].tolist() == [-3, -2, -1]


def test_each_block_hides_something_and_the_last_needs_no_clean_copy() -> None:
    piece = noisy(ROW, PLAIN, size=4, rng=np.random.default_rng(0))
    assert piece.tokens[piece.kind == CLEAN].tolist() == list(range(4, 12))
    first = copies(piece)[0]
    assert all((piece.tokens[first & (piece.block == b)] == 1).any() for b in range(3))
    padding = piece.weight[piece.target == 0]
    assert len(padding) == 2
    assert np.allclose(padding, 0.1)


def test_spans_are_hidden_whole() -> None:
    row = Row((20,), tuple(range(4, 14)), spans=((0, 3), (3, 7), (7, 10)))
    spans = Noise(0, 1, span_share=1.0, wrong_share=0.0)
    for seed in range(10):
        piece = noisy(row, spans, size=0, rng=np.random.default_rng(seed))
        hidden = piece.tokens[copies(piece)[0]] == 1
        assert all(hidden[a:b].all() or not hidden[a:b].any() for a, b in row.spans)


def test_wrong_tokens_are_asked_for() -> None:
    spoil = Noise(0, 1, span_share=0.0, wrong_share=1.0, wrong=0.9)
    spoilt = 0
    for seed in range(20):
        piece = noisy(ROW, spoil, size=0, rng=np.random.default_rng(seed))
        for copy in copies(piece):
            seen, target = piece.tokens[copy], piece.target[copy]
            seen, target = seen[:10], target[:10]
            wrong = (seen != 1) & (seen != np.arange(4, 14))
            assert (target[wrong] == np.arange(4, 14)[wrong]).all()
            assert not wrong[:2].any()
            spoilt += int(wrong.sum())
    assert spoilt > 20


def test_nobody_sees_the_answer() -> None:
    torch.manual_seed(0)
    network = BlockTransformer(Shape(32, width=16, depth=2, heads=2)).eval()
    pieces = [noisy(ROW, PLAIN, size=4, rng=np.random.default_rng(seed)) for seed in range(2)]
    batch = packed(pieces, length=2 * len(pieces[0]), pad=0)
    asks = (batch.kind[0] == NOISY) & (batch.block[0] == 1) & (batch.row[0] == 0)
    sees = batch.mask()[0, 0][asks].any(0)
    sources = {int(kind) for kind in batch.kind[0][sees]}
    assert sources == {PROMPT, CLEAN, NOISY}
    assert (batch.block[0][sees & (batch.kind[0] == CLEAN)] == 0).all()
    assert (batch.row[0][sees] == 0).all()
    hidden, _ = network(batch.tokens, batch.position, batch.mask(), before=batch.before)
    altered, left = (torch.where(sees, each, 30) for each in (batch.tokens, batch.before))
    again, _ = network(altered, batch.position, batch.mask(), before=left)
    assert torch.allclose(hidden[0][asks], again[0][asks], atol=1e-5)


def test_the_token_before_is_one_that_may_be_seen() -> None:
    for size in (0, 1, 4):
        piece = noisy(ROW, PLAIN, size=size, rng=np.random.default_rng(0))
        place = {
            (kind, at): i for i, (kind, at) in enumerate(zip(piece.kind, piece.position, strict=True)) if kind
        }
        for i, (kind, at) in enumerate(zip(piece.kind, piece.position, strict=True)):
            if kind == PROMPT:
                wanted = piece.tokens[i - 1] if i else -1
            elif at == 0:
                wanted = ROW.prompt[-1]
            else:
                own = place[kind, at - 1]
                wanted = piece.tokens[own if piece.block[own] == piece.block[i] else place[CLEAN, at - 1]]
            assert piece.before[i] == wanted
    assert noisy(Row((), (5, 6)), PLAIN, size=0, rng=np.random.default_rng(0)).before[0] == -1


def test_packing_fills_rows_and_refuses_what_is_too_long() -> None:
    pieces = [noisy(ROW, PLAIN, size=0, rng=np.random.default_rng(seed)) for seed in range(3)]
    batch = packed(pieces, length=90, pad=0)
    assert batch.tokens.shape == (2, 90)
    assert {0, 1} <= set(batch.row[0].tolist())
    assert attention(batch.row, batch.kind, batch.block).any(-1).all()
    with pytest.raises(ValueError, match="longer rows"):
        packed(pieces, length=8, pad=0)


def test_blocks_of_one_token_need_one_copy() -> None:
    piece = noisy(ROW, PLAIN, size=1, rng=np.random.default_rng(0))
    asked = piece.target != IGNORE
    assert set(piece.kind.tolist()) == {PROMPT, CLEAN, NOISY}
    assert (piece.tokens[asked] == PLAIN.mask).all()
    assert piece.target[asked].tolist() == list(ROW.code[ROW.fixed :])
