"""Progress bars on stderr, and interruption that lets the step in hand be finished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from agentic_diffusion_cli import report

if TYPE_CHECKING:
    from rich.progress import Progress


def bars(*, keep: bool = False, silent: bool = False) -> Progress:
    """Return a progress display; a task may have a `note`, shown at the end of its line.

    Args:
        keep: Whether the bars stay on the screen when the work is done.
        silent: Whether nothing is shown, because another process shows it.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<26}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("[dim]{task.fields[note]}"),
        console=report.err(),
        transient=not keep,
        disable=silent,
    )


@contextmanager
def gently() -> Iterator[threading.Event]:
    """Set an event at the first Ctrl-C instead of breaking off at once; a second one breaks off.

    Outside of the main thread, where no signal can be caught, the event is never set.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
