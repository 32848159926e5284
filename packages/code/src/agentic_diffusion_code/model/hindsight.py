"""What the embedded network thinks of a finished program: its belief about each token, given all before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from agentic_diffusion_code.model.rows import CLEAN, NOISY, attention

ROOM = 16_000_000
"""How many pairs of tokens are looked at in one call at most."""


def hindsight(
    network: BlockTransformer,
    prompt: Sequence[int],
    program: Sequence[int],
    *,
    block: int,
    mask: int,
    pad: int,
) -> Float[Tensor, "length vocabulary"]:
    """Return the log-probabilities of every token at each place of a program, given only what is before the place.

    One call: the layout is that of training (Arriola et al. 2025, arXiv:2503.09573, fig. 3), with as many copies as a
    block has places; copy j hides the places from j on in each block.

    Args:
        network: The network, ready to infer.
        prompt: What is read first.
        program: Its tokens, the end among them if there is one.
        block: Tokens of a block.
        mask: Stands for a hidden token.
        pad: Fills the last block.
    """
    return hindsights(network, prompt, [program], block=block, mask=mask, pad=pad)[0]


@torch.inference_mode()
def hindsights(
    network: BlockTransformer,
    prompt: Sequence[int],
    programs: Sequence[Sequence[int]],
    *,
    block: int,
    mask: int,
    pad: int,
) -> list[Float[Tensor, "length vocabulary"]]:
    """Return what `hindsight` says of several programs, in one call."""
    return _looked(
        [_page(prompt, program, block=block, mask=mask, pad=pad) for program in programs], network, pad
    )


@torch.inference_mode()
def likelihoods(
    network: BlockTransformer,
    prompts: Sequence[Sequence[int]],
    program: Sequence[int],
    *,
    block: int,
    mask: int,
    pad: int,
) -> tuple[Float[Tensor, "prompts length"], int]:
    """Return the log-probabilities of a program's tokens after each of several prompts, and how many calls it took.

    Blocks are hidden as a whole, so that a program is read twice and not once for every place of a block. One call as
    a rule; more where memory has no room for all prompts.
    """
    longest = max(map(len, prompts)) + 2 * (len(program) + block)
    some = max(1, ROOM // longest**2)
    own, calls = torch.tensor(program)[:, None], 0
    found: list[Tensor] = []
    for start in range(0, len(prompts), some):
        now = prompts[start : start + some]
        pages = [_page(prompt, program, block=block, mask=mask, pad=pad, copies=1) for prompt in now]
        found += [seen.gather(1, own)[:, 0] for seen in _looked(pages, network, pad)]
        calls += 1
    return torch.stack(found), calls


def _looked(
    pages: Sequence[_Page], network: BlockTransformer, pad: int
) -> list[Float[Tensor, "length vocabulary"]]:
    most = max(len(page.tokens) for page in pages)

    def rows(name: str, fill: int) -> Tensor:
        parts = [getattr(page, name) for page in pages]
        return torch.stack([functional.pad(part, (0, most - len(part)), value=fill) for part in parts])

    where = network.embed.weight.device
    kind = rows("kind", -1)
    layout = attention((kind < 0).long(), kind, rows("blocks", -1)).to(where)
    tokens, position, before = (rows(n, pad).to(where) for n in ("tokens", "position", "before"))
    hidden, _ = network(tokens, position, layout, before=before)
    return [
        network.logits(hidden[number, page.own.to(where)]).float().cpu().log_softmax(-1)
        for number, page in enumerate(pages)
    ]


@final
@dataclass(frozen=True)
class _Page:
    """What is asked about one program: tokens, what stands before each, where, of which kind and in which block."""

    tokens: Tensor
    before: Tensor
    position: Tensor
    kind: Tensor
    blocks: Tensor
    own: Tensor


def _page(
    prompt: Sequence[int], program: Sequence[int], *, block: int, mask: int, pad: int, copies: int = 0
) -> _Page:
    copies = copies or block
    length, read = -(-len(program) // block) * block, len(prompt)
    code = torch.tensor([*program, *[pad] * (length - len(program))])
    place = torch.arange(length)
    number, inside = place // block, place % block
    asked = torch.tensor(list(prompt), dtype=torch.long)
    edge = asked[-1:] if read else torch.tensor([-1])
    left = torch.cat([edge, code[:-1]])
    tokens, before = [asked, code], [torch.cat([torch.tensor([-1]), asked[:-1]])[:read], left]
    for copy in range(copies):
        seen = torch.where(inside >= copy, mask, code)
        tokens.append(seen)
        before.append(torch.where(inside == 0, left, torch.cat([edge, seen[:-1]])))
    kinds = torch.arange(CLEAN, NOISY + copies).repeat_interleave(length)
    return _Page(
        tokens=torch.cat(tokens),
        before=torch.cat(before),
        position=torch.cat([torch.arange(-read, 0), place.repeat(1 + copies)]),
        kind=torch.cat([torch.zeros(read, dtype=torch.long), kinds]),
        blocks=torch.cat([torch.full((read,), -1), number.repeat(1 + copies)]),
        own=(read + (1 + inside.clamp(max=copies - 1)) * length + place)[: len(program)],
    )
