"""Keeps a warm helper and parked single-use workers ready behind it."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque

from .helpers import Helper
from .parked import Worker
from .toolchain import Toolchain

_LOG = logging.getLogger(__name__)


class Pool:
    """Parked workers of one helper, replaced as they are used."""

    def __init__(
        self, toolchain: Toolchain, layers: frozenset[str], *, parked: int, bubblewrap: bool = False
    ) -> None:
        self._toolchain = toolchain
        self._layers = layers
        self._target = parked
        self._bubblewrap = bubblewrap
        self._parked: deque[Worker] = deque()
        self._lock = threading.Lock()
        self._leaving: set[int] = set()
        self._helper: Helper | None = None

    def helper(self) -> Helper:
        """Give the live helper, starting one where there is none."""
        with self._lock:
            current = self._helper
            if current is not None and current.owner != os.getpid():
                current = None  # inherited by fork: it belongs to our parent
                self._parked.clear()
            if current is not None and current.dead.is_set():
                _LOG.warning("a helper process ended; starting another")
                current.close()
                self._drop_parked()
                self._leaving.clear()
                current = None
            if current is None:
                current = self._helper = Helper(self._toolchain, self._layers, bubblewrap=self._bubblewrap)
            return current

    def take(self, disk: int) -> Worker:
        """Give a worker that has not been used; a parked one where possible."""
        helper = self.helper()
        with self._lock:
            for worker in list(self._parked):
                if worker.gone.is_set():
                    self._parked.remove(worker)
                    worker.dispose()
                elif worker.disk == disk:
                    self._parked.remove(worker)
                    return worker
        return helper.spawn(disk)

    def give_back(self, worker: Worker) -> None:
        """Throw a used worker away and park a new one in its place.

        The worker is ended at once; what is left of it is put away when it is gone, by the thread
        that hears of it, so that nobody who waits for a verdict waits for that as well.
        """
        once = threading.Lock()

        def put_away() -> None:
            if once.acquire(blocking=False):
                worker.dispose()
                self.park(worker.disk)
                self._leaving.discard(worker.number)

        self._leaving.add(worker.number)
        if worker.gone.is_set():
            put_away()
            return
        worker.when_gone = put_away
        worker.kill()
        if worker.gone.is_set():
            put_away()

    def park(self, disk: int) -> None:
        """Park workers with this much disk until there are enough."""
        helper = self._helper
        if helper is None or helper.dead.is_set():
            return
        with self._lock:
            if self._helper is not helper:
                return
            missing = self._target - sum(1 for w in self._parked if w.disk == disk)
            for _ in range(missing):
                self._parked.append(helper.spawn(disk))
            while len(self._parked) > 2 * self._target:
                self._parked.popleft().dispose()

    def wait_parked(self, seconds: float) -> None:
        """Wait until everything parked is confined and silent."""
        until = time.monotonic() + seconds
        for worker in list(self._parked):
            poll = select.poll()
            poll.register(worker.control, select.POLLIN)
            poll.poll(max(0.0, until - time.monotonic()) * 1000)
            worker.born.wait(max(0.0, until - time.monotonic()))

    def settle(self, seconds: float) -> None:
        """Wait until only what is parked is left alive."""
        until = time.monotonic() + seconds
        while self._leaving and time.monotonic() < until:
            time.sleep(0.005)
        self.wait_parked(seconds)
        helper = self._helper
        while helper is not None and helper.alive() > len(self._parked):
            if time.monotonic() > until:
                return
            time.sleep(0.01)

    def _drop_parked(self) -> None:
        while self._parked:
            self._parked.popleft().dispose()

    def close(self) -> None:
        """End the helper and everything parked."""
        with self._lock:
            self._drop_parked()
            helper, self._helper = self._helper, None
        if helper is not None and helper.owner == os.getpid():
            helper.close()  # without the lock: the thread that it waits for may want it
