"""Limits of a server: how large a request, how long a plan, how many at once."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import final

from agentic_diffusion.errors import InvalidConfigError


@final
@dataclass(frozen=True)
class ServerLimits:
    """What clients may ask of a server.

    Args:
        request_bytes: Largest request as JSON, in bytes.
        plan_seconds: Longest time that one plan may take; a client may ask for less, never for more.
        at_once: Plans that are made at the same time.
        waiting: Plans that may wait for their turn; one more is refused at once.
        plans_kept: Plans that are remembered for `report_outcome` and `explain_plan`.
        beat_seconds: Longest time between two messages of progress, so that hosts do not give up waiting.
    """

    request_bytes: int = 1 << 18
    plan_seconds: float = 60.0
    at_once: int = 2
    waiting: int = 16
    plans_kept: int = 1000
    beat_seconds: float = 1.0

    def __post_init__(self) -> None:
        counts = min(self.request_bytes, self.at_once, self.plans_kept)
        times = (self.plan_seconds, self.beat_seconds)
        if counts < 1 or self.waiting < 0 or not all(one > 0 and not math.isnan(one) for one in times):
            raise InvalidConfigError(
                repr(self), "positive numbers, and waiting >= 0", "Leave a limit out for its default."
            )


def check_host(host: str, *, remote: bool) -> None:
    """Refuse to listen beyond this machine unless that was asked for.

    Raises:
        InvalidConfigError: The address is not a loopback one and `remote` is not set.
    """
    if remote or host == "localhost":
        return
    try:
        near = ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near:
        raise InvalidConfigError(
            f"host={host!r}",
            "an address of this machine alone, such as 127.0.0.1",
            "Whoever reaches the server can use it: put it behind a proxy that knows who asks, then allow it by name.",
        )
