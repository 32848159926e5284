"""Training rows: a prompt, a program, noisy copies of it, and who may look at whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
import torch
from jaxtyping import Bool
from numpy.typing import NDArray
from torch import Tensor

Numbers: TypeAlias = NDArray[np.int64]
Spoils: TypeAlias = Callable[[Sequence[int], float, int], Sequence[int]]
"""From tokens, the share that is tried and a seed to tokens some of which are wrong, as many."""
IGNORE = -100
"""The target of a position that teaches nothing."""
PROMPT, CLEAN, NOISY = 0, 1, 2
MAX_TAIL = 9


@final
@dataclass(frozen=True)
class Row:
    """One thing to learn.

    Args:
        prompt: Tokens that are read and never hidden.
        code: Tokens of the program, the end token last.
        fixed: How many leading tokens of the code are never hidden, such as a signature.
        spans: Ranges of tokens that make one part of the syntax, as (start, end).
    """

    prompt: tuple[int, ...]
    code: tuple[int, ...]
    fixed: int = 0
    spans: tuple[tuple[int, int], ...] = ()


@final
@dataclass(frozen=True)
class Noise:
    """How programs are hidden and spoilt for training.

    Args:
        pad: Fills the last block.
        mask: Stands for a hidden token.
        span_share: Share of rows whose hidden tokens are whole parts of the syntax.
        wrong_share: Share of rows in which some shown tokens are wrong (corrective noise, arXiv:2512.15596).
        wrong: Largest share of shown tokens that are replaced in such a row.
        pad_weight: How much a padding token counts in the loss; below 1, or programs learn to end early.
        plausible: Puts wrong tokens that could be meant in the place of a share of the right ones; without it any
            others of the same program take it.
    """

    pad: int
    mask: int
    span_share: float = 0.4
    wrong_share: float = 0.15
    wrong: float = 0.15
    pad_weight: float = 0.1
    plausible: Spoils | None = None


@final
@dataclass(frozen=True)
class Piece:
    """One row as the network reads it: prompt, clean blocks, and two noisy copies that hide what the other shows.

    Args:
        tokens: What is read.
        kind: `PROMPT`, `CLEAN`, or `NOISY` and above: the number of the copy.
        block: The block of each token; -1 in the prompt.
        position: Where each stands: the program begins at 0, the prompt ends at -1.
        target: The truth where it is asked for, else `IGNORE`.
        weight: How much each target counts.
        before: The token before each, as far as it may be seen; -1 where there is none.
    """

    tokens: Numbers
    kind: Numbers
    block: Numbers
    position: Numbers
    target: Numbers
    weight: NDArray[np.float32]
    before: Numbers

    def __len__(self) -> int:
        """Return how many tokens are read."""
        return len(self.tokens)


@final
@dataclass(frozen=True)
class Batch:
    """Pieces laid side by side in rows of one length; each field as in `Piece`, and `row` tells them apart."""

    tokens: Tensor
    kind: Tensor
    block: Tensor
    position: Tensor
    target: Tensor
    weight: Tensor
    before: Tensor
    row: Tensor

    def mask(self) -> Bool[Tensor, "batch 1 length length"]:
        """Return who may look at whom."""
        return attention(self.row, self.kind, self.block)


def attention(row: Tensor, kind: Tensor, block: Tensor) -> Bool[Tensor, "batch 1 length length"]:
    """Return who may look at whom.

    Prompts look at prompts, clean blocks at themselves and at what was before, noisy blocks at themselves and at
    the clean blocks before (Arriola et al. 2025, arXiv:2503.09573, fig. 3).
    """
    asks_kind, asks_block = kind[:, :, None], block[:, :, None]
    kind, block = kind[:, None], block[:, None]
    clean = (kind == CLEAN) & (block < asks_block + (asks_kind == CLEAN).long())
    own = (kind == asks_kind) & (block == asks_block)
    seen = (kind == PROMPT) | (clean & (asks_kind >= CLEAN)) | own
    return (seen & (row[:, :, None] == row[:, None])).unsqueeze(1)


def noisy(row: Row, noise: Noise, *, size: int, rng: np.random.Generator) -> Piece:
    """Return a row with two noisy copies; what one hides the other shows, so that every token is asked for once.

    Blocks of one token have one copy, for nothing is left for a second.

    Noise levels of the blocks are spread evenly, and differ from block to block. Complementary copies: Gong et al.
    2025 (DiffuCoder), arXiv:2506.20639, sec. 4.2.

    Args:
        row: The row.
        noise: How it is hidden and spoilt.
        size: Tokens in a block; 0 makes the whole program one block with some padding behind it, which needs no
            clean copy.
        rng: Where randomness comes from.
    """
    block = size or len(row.code) + int(rng.integers(0, MAX_TAIL))
    count = -(-len(row.code) // block)
    code = np.full(count * block, noise.pad, dtype=np.int64)
    code[: len(row.code)] = row.code
    number = np.arange(len(code)) // block
    free = np.arange(len(code)) >= row.fixed
    hidden = _hidden(row, number, noise, rng) & free
    clean = code[: (count - 1) * block]
    parts = [np.array(row.prompt, dtype=np.int64), clean]
    targets = [np.full(len(part), IGNORE, dtype=np.int64) for part in parts]
    for hides in (hidden, ~hidden & free):
        if block == 1 and not hides.any():
            continue
        seen, asked = _spoilt(code, hides, free & (np.arange(len(code)) < len(row.code)), noise, rng)
        parts.append(np.where(hides, noise.mask, seen))
        targets.append(np.where(hides | asked, code, IGNORE))
    sizes = [len(part) for part in parts]
    kind = np.repeat(np.arange(len(sizes)), sizes)
    target = np.concatenate(targets)
    position = [np.arange(-sizes[0], 0), *(np.arange(size) for size in sizes[1:])]
    blocks = [np.full(sizes[0], -1), number[: len(clean)], *[number] * (len(sizes) - 2)]
    weight = np.where(target == noise.pad, noise.pad_weight, 1.0) * (target != IGNORE)
    return Piece(
        np.concatenate(parts),
        kind,
        np.concatenate(blocks),
        np.concatenate(position),
        target,
        weight.astype(np.float32),
        np.concatenate([_before(part, parts[:2], number) for part in parts]),
    )


def _before(part: Numbers, seen: Sequence[Numbers], number: Numbers) -> Numbers:
    """Return the token before each of one part: of the same copy in its block, clean at the edge of a block."""
    prompt, clean = seen
    left = np.concatenate([prompt[-1:] if len(prompt) else [-1], part[:-1]]) if part is not prompt else None
    if left is None:
        return np.concatenate([[-1], part[:-1]])[: len(part)]
    edges = np.flatnonzero(np.diff(number[: len(part)])) + 1
    left[edges] = clean[edges - 1]
    return left[: len(part)]


def _hidden(row: Row, number: Numbers, noise: Noise, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose what to hide: each block has its own noise level, and hides at least one token."""
    count = int(number[-1]) + 1
    level = (rng.random() + rng.permutation(count) / count) % 1.0
    chance = rng.random(len(number))
    if row.spans and rng.random() < noise.span_share:
        hidden = np.zeros(len(number), dtype=bool)
        share = rng.random()
        for index in rng.permutation(len(row.spans)):
            if hidden[: len(row.code)].mean() >= share:
                break
            start, end = row.spans[index]
            hidden[start:end] = True
        return hidden
    hidden = chance < level[number]
    chance[: row.fixed] += 2.0
    least = [int(np.argmin(np.where(number == each, chance, 4.0))) for each in range(count)]
    hidden[least] = True
    return hidden


def _spoilt(
    code: Numbers, hides: NDArray[np.bool_], real: NDArray[np.bool_], noise: Noise, rng: np.random.Generator
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Replace some shown tokens by others of the same program, and ask for them and for as many right ones."""
    shown = real & ~hides
    if rng.random() >= noise.wrong_share or not shown.any():
        return code, np.zeros(len(code), dtype=bool)
    share = rng.random() * noise.wrong
    chance = rng.random(len(code))
    if noise.plausible is not None:
        changed = noise.plausible(code.tolist(), share, int(rng.integers(2**31)))
        spoilt = np.where(shown, np.array(changed, dtype=np.int64), code)
        return spoilt, shown & ((spoilt != code) | (chance < share))
    wrong = shown & (chance < share)
    others = rng.choice(code[real], size=len(code))
    return np.where(wrong, others, code), shown & (chance < 2 * share)


def packed(pieces: Sequence[Piece], *, length: int, pad: int) -> Batch:
    """Lay pieces side by side, first fit, in rows of one length; longer pieces do not belong here.

    Raises:
        ValueError: A piece is longer than a row.
    """
    if any(len(piece) > length for piece in pieces):
        raise ValueError(
            f"Got a piece of {max(map(len, pieces))} tokens. Expected at most {length}. Use longer rows."
        )
    room: list[int] = []
    homes: list[list[Piece]] = []
    for piece in pieces:
        home = next((i for i, left in enumerate(room) if left >= len(piece)), len(room))
        if home == len(room):
            room.append(length)
            homes.append([])
        room[home] -= len(piece)
        homes[home].append(piece)

    def laid(field: str, fill: float) -> Tensor:
        rows = [np.concatenate([getattr(piece, field) for piece in home]) for home in homes]
        whole = np.full((len(rows), length), fill, dtype=rows[0].dtype)
        for into, row in zip(whole, rows, strict=True):
            into[: len(row)] = row
        return torch.from_numpy(whole)

    row = torch.full((len(homes), length), -1)
    for line, inside in zip(row, homes, strict=True):
        ends = np.repeat(np.arange(len(inside)), [len(piece) for piece in inside])
        line[: len(ends)] = torch.from_numpy(ends)
    return Batch(
        laid("tokens", pad),
        laid("kind", PROMPT),
        laid("block", -1),
        laid("position", 0),
        laid("target", IGNORE),
        laid("weight", 0.0),
        laid("before", -1),
        row,
    )
