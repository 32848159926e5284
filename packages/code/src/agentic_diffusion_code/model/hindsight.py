"""What the embedded network thinks of a finished program: its belief about each token, given all before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer
from jaxtyping import Float
from torch import Tensor

from agentic_diffusion_code.model.rows import CLEAN, NOISY, attention


@torch.inference_mode()
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
    length, read = -(-len(program) // block) * block, len(prompt)
    code = torch.tensor([*program, *[pad] * (length - len(program))])
    place = torch.arange(length)
    number, inside = place // block, place % block
    asked = torch.tensor(list(prompt), dtype=torch.long)
    edge = asked[-1:] if read else torch.tensor([-1])
    left = torch.cat([edge, code[:-1]])
    tokens, before = [asked, code], [torch.cat([torch.tensor([-1]), asked[:-1]])[:read], left]
    for copy in range(block):
        seen = torch.where(inside >= copy, mask, code)
        tokens.append(seen)
        before.append(torch.where(inside == 0, left, torch.cat([edge, seen[:-1]])))
    kinds = torch.arange(CLEAN, NOISY + block).repeat_interleave(length)
    kind = torch.cat([torch.zeros(read, dtype=torch.long), kinds])[None]
    blocks = torch.cat([torch.full((read,), -1), number.repeat(1 + block)])[None]
    position = torch.cat([torch.arange(-read, 0), place.repeat(1 + block)])[None]
    where = network.embed.weight.device
    layout = attention(torch.zeros_like(kind), kind, blocks).to(where)
    row, carried = torch.cat(tokens)[None].to(where), torch.cat(before)[None].to(where)
    hidden, _ = network(row, position.to(where), layout, before=carried)
    own = read + (1 + inside) * length + place
    logits = network.logits(hidden[0, own.to(where)])
    return logits[: len(program)].float().cpu().log_softmax(-1)
