"""Low-rank adapters: small trainable changes of a network whose own weights stay as they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, final

import torch
from agentic_diffusion.denoising.state import Rng, generator
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor, nn
from torch.nn import functional

Layer: TypeAlias = nn.Linear | nn.Conv1d
M = TypeVar("M", bound=nn.Module)


def every_layer(name: str, layer: Layer) -> bool:
    """Say yes to every layer."""
    return True


@final
@dataclass(frozen=True)
class Rank:
    """Which layers get adapters, and how large.

    Args:
        rank: Rank of each change; far below the width of the layers.
        scale: Multiplies the change (α / r of the paper).
        where: Chooses among the linear layers and convolutions of length 1, by dotted name.
        seed: The first numbers of the inner halves.
    """

    rank: int = 4
    scale: float = 1.0
    where: Callable[[str, Layer], bool] = every_layer
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rank < 1 or self.scale == 0 or not math.isfinite(self.scale):
            raise InvalidConfigError(
                f"Rank(rank={self.rank}, scale={self.scale})",
                "rank >= 1 and a finite scale other than 0",
                "Try Rank(4).",
            )


@final
class LowRank(nn.Module):
    """A layer with a change of low rank beside it: W x + scale · B A x, with B = 0 at first.

    Hu et al. 2021, arXiv:2106.09685, eq. 3.

    Args:
        base: The layer; its weights are frozen.
        rank: Rows of A.
        scale: Multiplies the change.
        rng: Where A comes from.
    """

    def __init__(self, base: Layer, rank: int, *, scale: float, rng: Rng) -> None:
        super().__init__()
        outer, inner = base.weight.shape[:2]
        self.base, self.scale = base.requires_grad_(False), scale
        first = torch.randn(rank, inner, generator=rng) / math.sqrt(inner)
        self.inward = nn.Parameter(first.to(base.weight))
        self.outward = nn.Parameter(torch.zeros(outer, rank).to(base.weight))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layer says, and the change."""
        said: Tensor = self.base(x)
        if isinstance(self.base, nn.Linear):
            return said + self.scale * functional.linear(functional.linear(x, self.inward), self.outward)
        inside = functional.conv1d(x, self.inward[..., None])
        return said + self.scale * functional.conv1d(inside, self.outward[..., None])

    @torch.no_grad()
    def merged(self) -> Layer:
        """Return a plain layer of the same kind that says the same."""
        plain = deepcopy(self.base).requires_grad_(True)
        plain.weight += (self.scale * self.outward @ self.inward).view_as(plain.weight)
        return plain


def adapted(module: M, rank: Rank) -> M:
    """Return a copy in which only adapters can be trained; until then it says exactly what the module says.

    Raises:
        InvalidConfigError: No layer was chosen.
    """
    copy, rng = deepcopy(module).requires_grad_(False), generator(rank.seed)
    chosen = [(name, layer) for name, layer in _layers(copy) if rank.where(name, layer)]
    if not chosen:
        raise InvalidConfigError(
            f"no layer to adapt in a {type(module).__name__}",
            "a linear layer, or a convolution of length 1, inside the module",
            "Let `where` choose at least one.",
        )
    for name, layer in chosen:
        _put(copy, name, LowRank(layer, rank.rank, scale=rank.scale, rng=rng))
    return copy


def merged(module: M) -> M:
    """Return a copy with all adapters worked into plain weights; its names are those from before `adapted`."""
    copy = deepcopy(module)
    for name, layer in _adapters(copy):
        _put(copy, name, layer.merged())
    return copy.requires_grad_(True)


def deltas(module: nn.Module) -> Mapping[str, Tensor]:
    """Return the adapters alone, two small tensors a layer, for `store.save`; the scale is worked in."""
    told = {}
    for name, layer in _adapters(module):
        told[f"{name}/inward"] = layer.inward.detach().cpu().clone()
        told[f"{name}/outward"] = (layer.scale * layer.outward).detach().cpu().clone()
    return told


@torch.no_grad()
def with_deltas(module: M, tensors: Mapping[str, Tensor]) -> M:
    """Return a copy of a plain module with the changes that `deltas` told worked into its weights.

    Raises:
        InvalidConfigError: The changes are those of another network.
    """
    copy = deepcopy(module)
    layers = dict(_layers(copy))
    for name in {key.removesuffix("/inward").removesuffix("/outward") for key in tensors}:
        layer = layers.get(name)
        inward, outward = tensors.get(f"{name}/inward"), tensors.get(f"{name}/outward")
        if layer is None or inward is None or outward is None:
            raise InvalidConfigError(
                f"a change of {name!r}", f"changes of {sorted(layers)}", "Name the right base."
            )
        if (outward.shape[0], inward.shape[1]) != layer.weight.shape[:2]:
            raise InvalidConfigError(
                f"a change of {name!r} for {outward.shape[0]} x {inward.shape[1]} weights",
                f"one for {tuple(layer.weight.shape[:2])}",
                "Name the network the adapters were trained on.",
            )
        layer.weight += (outward @ inward).to(layer.weight).view_as(layer.weight)
    return copy


def _layers(module: nn.Module) -> Iterator[tuple[str, Layer]]:
    for name, layer in module.named_modules():
        pointwise = isinstance(layer, nn.Conv1d) and (layer.kernel_size, layer.stride, layer.groups) == (
            (1,),
            (1,),
            1,
        )
        if name and (isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv1d) and pointwise)):
            yield name, layer


def _adapters(module: nn.Module) -> list[tuple[str, LowRank]]:
    return [(name, layer) for name, layer in module.named_modules() if isinstance(layer, LowRank)]


def _put(module: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, layer)
