"""The training loss: how surprised the network is by what its noisy copies hide."""

from __future__ import annotations

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from agentic_diffusion_code.model.rows import IGNORE, Batch


def surprise(network: BlockTransformer, batch: Batch) -> Float[Tensor, ""]:
    """Return the weighted mean cross-entropy at the positions that are asked for, in nats.

    The masked objective of MDLM (Sahoo et al. 2024, arXiv:2406.07524, eq. 10) inside each block of BD3-LM
    (Arriola et al. 2025, arXiv:2503.09573, eq. 8), with every hidden token weighted alike instead of by 1/t:
    the minimum is the same, the gradient has far less variance. Logits are formed at these positions alone.
    """
    hidden, _ = network(batch.tokens, batch.position, batch.mask(), before=batch.before)
    asked = batch.target != IGNORE
    loss = functional.cross_entropy(
        network.logits(hidden[asked]).float(), batch.target[asked], reduction="none"
    )
    weight = batch.weight[asked]
    return (weight * loss).sum() / weight.sum().clamp(min=1e-6)


@torch.no_grad()
def hits(network: BlockTransformer, batch: Batch) -> Float[Tensor, ""]:
    """Return the share of asked tokens that the network would name first."""
    hidden, _ = network(batch.tokens, batch.position, batch.mask(), before=batch.before)
    asked = batch.target != IGNORE
    right = network.logits(hidden[asked]).argmax(-1) == batch.target[asked]
    weight = batch.weight[asked]
    return (weight * right).sum() / weight.sum().clamp(min=1e-6)
