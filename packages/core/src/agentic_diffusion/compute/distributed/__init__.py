"""Several processes that train one network: data parallel, sharded, or with every layer split."""

from agentic_diffusion.compute.distributed.launch import is_launched, joined, launch, places
from agentic_diffusion.compute.distributed.pieces import Cuts, Piece, cuts, unfilled
from agentic_diffusion.compute.distributed.shards import Shards
from agentic_diffusion.compute.distributed.team import ALONE, Strategy, Team

__all__ = [
    "ALONE",
    "Cuts",
    "Piece",
    "Shards",
    "Strategy",
    "Team",
    "cuts",
    "is_launched",
    "joined",
    "launch",
    "places",
    "unfilled",
]
