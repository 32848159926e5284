"""A network in the hands of a team: called, clipped, gathered and filled as if it were whole."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, final

import torch
from torch import Tensor, distributed, nn

from agentic_diffusion.compute.distributed.pieces import Cuts, Piece, Where, Whole, emptied, shard
from agentic_diffusion.compute.distributed.split import split, swapped
from agentic_diffusion.compute.distributed.team import Team


@final
class Shards:
    """The part of a network that this process holds; the network is divided in place.

    - `ddp` (Li et al. 2020, arXiv:2006.15704): every process has all weights and gradients are averaged.
    - `fsdp` (Zhao et al. 2023, arXiv:2304.11277; PyTorch's `fully_shard`): every process keeps a slice of each weight,
      its gradient and its moments; the elements of each `ModuleList` are gathered one at a time.
    - `tensor` (Shoeybi et al. 2019, arXiv:1909.08053, sec. 3): attention heads and hidden units are divided.

    Where weights are divided, that is done before any is placed: no device is ever given the whole network.

    Args:
        module: The network, on the host; without values (torch's device `meta`) where `load` will fill it.
        team: Who shares it.
        where: The device of this process; where the network lies if left out.
    """

    def __init__(self, module: nn.Module, team: Team, *, where: torch.device | None = None) -> None:
        self.module, self.team = module, team
        self._call: Callable[..., Any] = module
        self._stacked: Mapping[str, int] = {}
        self._roots: list[Any] = []
        where = where or next(module.parameters()).device
        if not team.splits_weights:
            module.to(where)
        if team.strategy == "ddp":
            from torch.nn.parallel import DistributedDataParallel

            self._call = DistributedDataParallel(module)
        elif team.splits_weights:
            self._divide(where)

    def _divide(self, where: torch.device) -> None:
        """Divide the network while it is empty, make room for this process's part alone, and fill that."""
        taken = emptied(self.module)
        if self.team.strategy == "fsdp":
            self._roots = _sharded(self.module, self.team, where)
        else:
            self._stacked = split(self.module, self.team, where)
        self.module.to_empty(device=where)
        self._fill({name: value for name, value in taken.items() if not value.is_meta})

    @torch.no_grad()
    def _fill(self, tensors: Mapping[str, Tensor]) -> None:
        """Fill weights and buffers, also those that no state names, with this process's part of whole ones."""
        source = Whole(tensors)
        for name, value in (*self.module.named_parameters(), *self.module.named_buffers()):
            if name in tensors:
                self._put(name, source, name, into=value)

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

    def dealt(self, entries: Iterable[tuple[str, str, Tensor]]) -> list[Piece]:
        """Return what this process is to write of named tensors; nothing is sent or copied.

        Of what is divided, each writes what it holds; what all of them hold is dealt out by size.

        Args:
            entries: For each tensor what the whole is called on disk, the weight that it is or belongs to, and the
                tensor; the same, in the same order, in each process.
        """
        told, loads = list[Piece](), [0] * self.team.size
        for path, name, value in entries:
            if not _is_divided(value):
                owner = loads.index(min(loads))
                loads[owner] += value.nbytes
                if owner != self.team.rank:
                    continue
            where, held = self._where(name, value), _held(value.detach())
            # the parts of a stacked weight lie one after the other in what is held
            blocks = held.chunk(len(where)) if len(where) > 1 else [held]
            pairs = zip(where, blocks, strict=True)
            told += [
                Piece(path, tuple(value.shape), offset, block)
                for (offset, _), block in pairs
                if block.numel()
            ]
        return told

    @torch.no_grad()
    def part(self, name: str, source: Cuts, path: str, *, like: Tensor) -> Tensor:
        """Return this process's part of a whole, cut from where it lies, divided and placed as `like` is."""
        blocks = [source.cut(path, *where) for where in self._where(name, like)]
        local = torch.cat(blocks) if len(blocks) > 1 else blocks[0]
        local = local.to(like.device, copy=True)
        if not _is_part(like):
            return local
        from torch.distributed.tensor import DTensor

        held: Any = like
        mesh, places = held.device_mesh, held.placements
        return DTensor.from_local(
            local, mesh, places, run_check=False, shape=like.shape, stride=like.stride()
        )

    @torch.no_grad()
    def load(self, source: Cuts, prefix: str = "") -> None:
        """Fill the network with its parts of whole weights, whose names begin with `prefix` where they lie."""
        for name, value in self.module.state_dict().items():
            self._put(name, source, prefix + name, into=value)

    def _put(self, name: str, source: Cuts, path: str, *, into: Tensor) -> None:
        _held(into).copy_(_held(self.part(name, source, path, like=into)))

    def _where(self, name: str, value: Any) -> list[Where]:
        """Return where the blocks lie that this process holds of a weight, or of what belongs to it."""
        shape = tuple(value.shape)
        if not _is_divided(value):
            return [((0,) * len(shape), shape)]
        (cut,) = value.placements
        rank, size, parts = self.team.rank, self.team.size, self._stacked.get(name, 1)
        return shard(shape, cut.dim, rank=rank, size=size, parts=parts)


def _sharded(module: nn.Module, team: Team, where: torch.device) -> list[Any]:
    """Shard the elements of each list of modules, then what is left; return the outermost ones."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # our networks' outputs are never changed in place
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view", category=UserWarning)
    mesh = init_device_mesh(where.type, (team.size,))
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


def _is_divided(value: Any) -> bool:
    return _is_part(value) and any(place.is_shard() for place in value.placements)


def _held(value: Any) -> Tensor:
    """Return what this process holds of a tensor."""
    return value.to_local() if _is_part(value) else value  # type: ignore[no-any-return]


def _local(grad: Any, *, like: Any) -> tuple[Tensor, bool]:
    """Return what this process holds of a gradient, and whether others hold the rest."""
    if not _is_part(grad):
        return grad, False
    if any(place.is_partial() for place in grad.placements):
        grad = grad.redistribute(like.device_mesh, like.placements)
    return grad.to_local(), any(place.is_shard() for place in grad.placements)
