"""A network in the hands of a team: called, clipped, gathered and filled as if it were whole."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, final

import torch
from torch import Tensor, distributed, nn

from agentic_diffusion.compute.distributed.split import split, swapped
from agentic_diffusion.compute.distributed.team import Team


@final
class Shards:
    """The part of a network that this process holds; the network is divided in place.

    - `ddp` (Li et al. 2020, arXiv:2006.15704): every process has all weights and gradients are averaged.
    - `fsdp` (Zhao et al. 2023, arXiv:2304.11277; PyTorch's `fully_shard`): every process keeps a slice of each weight,
      its gradient and its moments; the elements of each `ModuleList` are gathered one at a time.
    - `tensor` (Shoeybi et al. 2019, arXiv:1909.08053, sec. 3): attention heads and hidden units are divided.

    Args:
        module: The network.
        team: Who shares it.
    """

    def __init__(self, module: nn.Module, team: Team) -> None:
        self.module, self.team = module, team
        self._call: Callable[..., Any] = module
        self._stacked: Mapping[str, int] = {}
        self._roots: list[Any] = []
        if team.strategy == "ddp":
            from torch.nn.parallel import DistributedDataParallel

            self._call = DistributedDataParallel(module)
        elif team.strategy == "fsdp":
            self._roots = _sharded(module, team)
        elif team.strategy == "tensor":
            self._stacked = split(module, team)

    def __call__(self, *words: Any) -> Any:
        """Call the network."""
        return self._call(*words)

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameters for an optimiser, divided ones apart: no kernel takes both at once."""
        parameters = list(self.module.parameters())
        whole, parts = ([p for p in parameters if _is_part(p) is wanted] for wanted in (False, True))
        return [{"params": group} for group in (whole, parts) if group]

    def syncing(self, last: bool) -> AbstractContextManager[None]:
        """Return the context of one of several batches whose gradients are added; only the last one is exchanged."""
        if self._roots:
            for root in self._roots:
                root.set_requires_gradient_sync(last)
        elif self.team.strategy == "ddp" and not last:
            model: Any = self._call
            quiet: AbstractContextManager[None] = model.no_sync()
            return quiet
        return nullcontext()

    @torch.no_grad()
    def clip(self, limit: float) -> float:
        """Scale the gradient of the whole network down to a norm of `limit`; return the norm it had."""
        if not self.team.splits_weights:
            return float(nn.utils.clip_grad_norm_(self.module.parameters(), limit))
        grads = [_local(p.grad, like=p) for p in self.module.parameters() if p.grad is not None]
        ours = [grad for grad, mine in grads if mine]
        every = [grad for grad, mine in grads if not mine]
        device = grads[0][0].device
        total = torch.stack([g.double().square().sum() for g in ours] or [torch.zeros(()).double()]).sum()
        total = total.to(device)
        distributed.all_reduce(total)
        norm = float((total + sum(float(g.double().square().sum()) for g in every)).sqrt())
        for grad, _ in grads:
            grad.mul_(min(1.0, limit / (norm + 1e-6)))
        return norm

    @torch.no_grad()
    def whole(self, name: str, value: Tensor) -> Tensor:
        """Return the whole of a weight, or of what belongs to it, on the host; all processes must ask."""
        gathered = self._gathered(name, value)
        return gathered.cpu().contiguous().clone()

    @torch.no_grad()
    def whole_for_leader(self, name: str, value: Tensor) -> Tensor | None:
        """Return what `whole` does in the process that leads, and None in the others, which keep nothing of it."""
        gathered = self._gathered(name, value)
        return gathered.cpu().contiguous().clone() if self.team.leads else None

    def _gathered(self, name: str, value: Tensor) -> Tensor:
        """Return the whole of a weight where it lies."""
        gathered = value.detach()
        if _is_part(gathered):
            gathered = gathered.full_tensor()  # type: ignore[attr-defined]
        if parts := self._stacked.get(name):
            gathered = swapped(gathered, self.team.size, parts)
        return gathered

    @torch.no_grad()
    def part(self, name: str, whole: Tensor, *, like: Tensor) -> Tensor:
        """Return this process's part of the whole of a weight, divided and placed as `like` is."""
        told = whole.to(like.device)
        if not _is_part(like):
            return told.clone()
        from torch.distributed.tensor import distribute_tensor

        if parts := self._stacked.get(name):
            told = swapped(told, parts, self.team.size)
        held: Any = like
        return distribute_tensor(told, held.device_mesh, held.placements, src_data_rank=None)

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Fill the network with whole weights."""
        for name, value in self.module.state_dict().items():
            value.copy_(self.part(name, tensors[name], like=value))


def _sharded(module: nn.Module, team: Team) -> list[Any]:
    """Shard the elements of each list of modules, then what is left; return the outermost ones."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # our networks' outputs are never changed in place
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view", category=UserWarning)
    mesh = init_device_mesh(next(module.parameters()).device.type, (team.size,))
    for inner in _elements(module):
        fully_shard(inner, mesh=mesh)
    # a wrapper that holds no weights itself may return what torch cannot look into: shard what it wraps
    own = next(module.parameters(recurse=False), None) is not None
    roots = [module] if own else [m for m in module.children() if next(m.parameters(), None) is not None]
    return [fully_shard(root, mesh=mesh) for root in roots]


def _elements(module: nn.Module) -> Iterator[nn.Module]:
    for inner in module.modules():
        if isinstance(inner, nn.ModuleList):
            yield from (each for each in inner if next(each.parameters(), None) is not None)


def _is_part(value: Tensor) -> bool:
    return hasattr(value, "placements")


def _local(grad: Any, *, like: Any) -> tuple[Tensor, bool]:
    """Return what this process holds of a gradient, and whether others hold the rest."""
    if not _is_part(grad):
        return grad, False
    if any(place.is_partial() for place in grad.placements):
        grad = grad.redistribute(like.device_mesh, like.placements)
    return grad.to_local(), any(place.is_shard() for place in grad.placements)
