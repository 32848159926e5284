"""Commands that several processes carry out together: started here, or by torchrun."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import (
    ALONE,
    Strategy,
    Team,
    is_launched,
    joined,
    launch,
    places,
)


def distribute(strategy: Strategy | None, *, processes: int, compute: Compute) -> bool:
    """Carry out the command that was typed in several processes, unless this is one of them; says whether it did.

    Args:
        strategy: What is divided; None where one process does it all.
        processes: How many on this machine; 0 takes one for each GPU, or two where there is none.
        compute: Where.

    Raises:
        WorkerError: A process failed or was killed.
    """
    if strategy is None or is_launched():
        return False
    launch(["-m", "agentic_diffusion_cli", *sys.argv[1:]], processes=processes or places(compute))
    return True


@contextmanager
def together(strategy: Strategy | None, *, compute: Compute) -> Iterator[tuple[Team, Compute]]:
    """Join the others, where there are any; yields the team and where this process computes."""
    if strategy is None:
        yield ALONE, compute
        return
    with joined(strategy, compute=compute) as (team, mine):
        yield team, mine
