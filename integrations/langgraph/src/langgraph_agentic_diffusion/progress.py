"""Progress: tells a graph how far the denoising is, often enough to live and seldom enough to read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, final

from agentic_diffusion.planning.budget import never
from agentic_diffusion.records import DenoiseEvent

PROGRESS: Final = "agentic_diffusion.progress"
"""The `type` of every progress event on the custom stream."""


@final
@dataclass(eq=False)
class Progress:
    """Watches one plan: a heartbeat at every step, an event at most every `interval` seconds.

    The first event and the last are always sent, the last by `close`.

    Args:
        write: Where events go: plain dicts, the fields of `DenoiseEvent` and `type`.
        beat: Called at every denoising step.
        interval: Least time between two events in seconds.
        gone: Whether nobody listens any more; nothing is sent from then on.
        now: The clock, in seconds.
    """

    write: Callable[[dict[str, Any]], None]
    beat: Callable[[], None]
    _: KW_ONLY
    interval: float = 0.05
    gone: Callable[[], bool] = never
    now: Callable[[], float] = time.monotonic
    _sent: float = field(default=-math.inf, init=False)
    _held: DenoiseEvent | None = field(default=None, init=False)

    def __call__(self, event: DenoiseEvent) -> None:
        """Take note of one denoising step."""
        if self.gone():
            return
        self.beat()
        if self.now() - self._sent < self.interval:
            self._held = event
        else:
            self._send(event)

    def close(self) -> None:
        """Send the last event if it was held back."""
        if self._held is not None and not self.gone():
            self._send(self._held)

    def _send(self, event: DenoiseEvent) -> None:
        self._held = None
        self._sent = self.now()
        self.write({"type": PROGRESS, **event.model_dump(mode="json")})
