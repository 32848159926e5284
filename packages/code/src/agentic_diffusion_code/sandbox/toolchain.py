"""What a toolchain is: the steps from a source to a running program, what they may read and what they may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .base import MIB, Limits

COMPILE_SECONDS = 15
_CHECK_ONLY = {"c": ("-fsyntax-only",), "rust": ("--crate-type=lib", "-Aunused")}
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": ".",
    "TMPDIR": ".",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Step:
    """One program to start: a compiler, or the program itself."""

    argv: tuple[str, ...]
    compiles: bool = False
    address_space: bool = False  # bound all addresses instead of only data
    spare_bytes: int = 0  # what the runtime needs for itself
    tasks: int = 0  # threads the runtime needs for itself
    open_files: int = 256
    libraries: tuple[str, ...] = ()  # without /proc a program cannot find those beside it


@dataclass(frozen=True)
class Toolchain:
    """How one language is run on this machine."""

    name: str
    readable: tuple[str, ...]
    needed: tuple[str, ...]
    file: str = "program.py"
    steps: Callable[[Limits], tuple[Step, ...]] | None = None  # None: Python, forked, not started
    driver: str | None = None
    itself: str | None = None  # a compiler that looks for itself in /proc, which is not in the fence

    def checking(self) -> Toolchain:
        """Return the toolchain that only looks at a program and starts nothing of it.

        Node is asked to check; of a compiled language the compiler runs and the program does not. A library
        is enough: no entry point is asked for where the compiler can do without.
        """
        assert self.steps is not None
        all_steps = self.steps

        def steps(limits: Limits) -> tuple[Step, ...]:
            compiling = [step for step in all_steps(limits) if step.compiles]
            if not compiling:
                (step,) = all_steps(limits)
                return (replace(step, argv=(*step.argv[:-1], "--check", step.argv[-1])),)
            formatter = Path(compiling[0].argv[0]).with_name("gofmt")
            if self.name == "go" and formatter.exists():  # the compiler asks for a main
                return (replace(compiling[0], argv=(str(formatter), "-e", compiling[0].argv[-1])),)
            more = _CHECK_ONLY.get(self.name, ())
            return tuple(replace(step, argv=(step.argv[0], *more, *step.argv[1:])) for step in compiling)

        return replace(self, steps=steps)

    def job(self, source: str, limits: Limits, *, layers: frozenset[str]) -> dict[str, Any]:
        """Describe to the worker how to run a source."""
        assert self.steps is not None
        steps = [_step(step, limits, layers) for step in self.steps(limits)]
        return {"files": {self.file: source}, "steps": steps}

    def calls(self, source: str, entry: str, limits: Limits, *, layers: frozenset[str]) -> dict[str, Any]:
        """Describe to the worker how to answer calls: its driver loads the program."""
        job = self.job(source, limits, layers=layers)
        last = job["steps"][-1]
        driver = "fence_driver.js"
        last["argv"] = [*last["argv"][:-1], driver, last["argv"][-1], entry]
        last["control"] = True
        job["files"][driver] = self.driver
        return job


def python_limits(limits: Limits) -> dict[str, Any]:
    """Give the limits that a forked Python worker sets on itself."""
    return {
        "address": limits.memory_bytes,
        "cpu": limits.cpu_seconds + 1,
        "file": limits.disk_bytes,
        "open": 64,
        "tasks": limits.processes,
    }


def while_compiling(limits: Limits) -> Limits:
    """Give the limits of a compiler, which has a clock of its own."""
    seconds = float(COMPILE_SECONDS)
    return limits.model_copy(update={"wall_seconds": seconds, "cpu_seconds": seconds})


def _step(step: Step, limits: Limits, layers: frozenset[str]) -> dict[str, Any]:
    memory = 1024 * MIB if step.compiles else limits.memory_bytes + step.spare_bytes
    inside = {
        "address" if step.address_space else "data": memory,
        "cpu": COMPILE_SECONDS if step.compiles else limits.cpu_seconds + 1,
        "file": limits.disk_bytes,
        "open": step.open_files,
        "tasks": 64 if step.compiles else limits.processes + step.tasks,
    }
    return {
        "argv": list(step.argv),
        "env": _environment(step),
        "kind": "compile" if step.compiles else "program",
        "stdin": not step.compiles,
        "limits": inside if "rlimits" in layers else {},
        "filter": "seccomp" in layers,
        "control": False,
    }


def _environment(step: Step) -> dict[str, str]:
    if not step.libraries:
        return ENVIRONMENT
    return {**ENVIRONMENT, "LD_LIBRARY_PATH": ":".join(step.libraries)}
