"""Turns what a probe found inside a worker into a report, and decides whether it is enough."""

from __future__ import annotations

import platform
import threading
from typing import Any

from .base import LAYERS, IsolationReport, LayerReport, Limits, SandboxError, Tier, tier_of
from .cgroup import find
from .parked import Worker
from .pool import Pool
from .session import Session

_RANK: tuple[Tier, ...] = ("rlimits", "kernel", "namespaces")
_PROBE_LIMITS = Limits(wall_seconds=20, cpu_seconds=20)
_ALL_NAMESPACES = ["ipc", "mnt", "net", "pid", "user", "uts"]


class Gate:
    """Knows which layers were asked for, which hold, and which are demanded."""

    def __init__(self, require: frozenset[str], accept: Tier, layers: frozenset[str]) -> None:
        self.require = require
        self.accept: Tier = accept
        self.layers = layers
        self._lock = threading.Lock()
        self._reports: dict[int, IsolationReport] = {}
        self._groups = find() if "cgroup" in layers else "switched off"

    def report(self, pool: Pool) -> IsolationReport:
        """Probe once for each helper process."""
        helper = pool.helper()
        with self._lock:
            found = self._reports.get(id(helper))
            if found is None:
                worker = helper.spawn(_PROBE_LIMITS.disk_bytes, probe=True)
                try:
                    await_ready(worker)
                    if self.enclose(worker, _PROBE_LIMITS):
                        worker.facts["cgroup"] = "the kernel lists the worker in its group"
                    else:
                        worker.reasons["cgroup"] = self._why_not()
                    found = interpret(worker.facts, worker, requested=self.layers)
                finally:
                    worker.dispose()
                self._reports = {id(helper): found}
            return found

    def enclose(self, worker: Worker, limits: Limits) -> bool:
        """Put a worker into a control group of its own, where we may."""
        if isinstance(self._groups, str) or worker.host_pid is None:
            return False
        name = f"{id(self):x}-{worker.host_pid}"
        worker.group = self._groups.group(name, worker.host_pid, limits)
        return worker.group is not None and worker.group.holds(worker.host_pid)

    def _why_not(self) -> str:
        return self._groups if isinstance(self._groups, str) else "the kernel refused the group"

    def refusal(self, active: tuple[str, ...]) -> str | None:
        """Say why these layers are not enough; None when they are."""
        missing = sorted(self.require - set(active))
        if missing:
            return f"refused: required layers are not active here: {', '.join(missing)}"
        tier = tier_of(active)
        if _RANK.index(tier) < _RANK.index(self.accept):
            return (
                f"refused: only the {tier!r} walls are available here, and they do not hold "
                f"against hostile code; accept={tier!r} asks for them by name"
            )
        return None


def await_ready(worker: Worker) -> None:
    """Wait until a worker says that it is confined.

    Raises:
        SandboxError: When it never does.
    """
    if worker.layers:
        return
    session = Session(worker, _PROBE_LIMITS)
    session.start_clock()
    session.look()
    event = session.next()
    message = event.message or {}
    if not worker.born.wait(5.0) or "layers" not in message:
        why = worker.trouble or message.get("broken") or event.end or "it said nothing"
        raise SandboxError(
            f"a worker that could not be confined ({why})",
            "a worker that reports its layers",
            "Try again; if it persists, this machine is out of processes or memory.",
        )
    worker.layers = tuple(message["layers"])
    worker.reasons = dict(message.get("reasons", {}))
    worker.facts = dict(message.get("facts", {}))


def interpret(facts: dict[str, Any], worker: Worker, *, requested: frozenset[str]) -> IsolationReport:
    """Believe a layer only when the kernel confirms it from inside."""
    holds = {
        "rlimits": all(limit == 0 for limit in facts["limits"]),
        "no_new_privs": facts["no_new_privs"] == 1,
        "capabilities": facts["capabilities"] == 0,
        "namespaces": facts["namespaces"] == _with_root(facts["namespaces"])
        and facts["first_process"] is True,
        "private_root": "root" in facts["namespaces"],
        "landlock": facts["root_listed"] is False,
        "seccomp": facts["seccomp"] == 2
        and str(facts["fork"]).startswith(("refused", "True"))
        and str(facts["socket"]).startswith("refused"),
        "cgroup": "cgroup" in facts,
    }
    layers = []
    for name in LAYERS:
        active = bool(holds[name])
        evidence = _evidence(name, facts) if active else worker.reasons.get(name, "")
        layers.append(
            LayerReport(
                name=name,
                requested=name in requested,
                active=active,
                evidence=evidence or f"not confirmed: {_evidence(name, facts)}",
            )
        )
    active_names = tuple(layer.name for layer in layers if layer.active)
    where = f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}"
    return IsolationReport(tier=tier_of(active_names), platform=where, layers=tuple(layers))


def _with_root(found: list[str]) -> list[str]:
    return sorted({*_ALL_NAMESPACES, *(n for n in found if n == "root")})


def _evidence(name: str, facts: dict[str, Any]) -> str:
    return {
        "rlimits": f"core and message queue limits are {facts['limits']}",
        "no_new_privs": f"the kernel says {facts['no_new_privs']}",
        "capabilities": f"effective and permitted set is {facts['capabilities']:#x}"
        if isinstance(facts["capabilities"], int)
        else str(facts["capabilities"]),
        "namespaces": f"differ from the caller's: {', '.join(facts['namespaces'])}; "
        f"first process: {facts['first_process']}",
        "private_root": "the root directory is another file system's"
        if "root" in facts["namespaces"]
        else "the root directory is the caller's",
        "landlock": f"the root directory can be listed: {facts['root_listed']}",
        "seccomp": f"mode {facts['seccomp']}, socket {facts['socket']}, fork {facts['fork']}",
        "cgroup": str(facts.get("cgroup", "not in a group of its own")),
    }[name]
