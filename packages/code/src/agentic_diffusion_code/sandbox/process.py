"""The default sandbox: single-use processes behind every wall this machine's kernel grants."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from types import TracebackType
from typing import Any

from . import calling, checking, compiled, running
from .base import DEFAULT_LIMITS, LAYERS, Execution, IsolationReport, Limits, SandboxError, Tier, refused
from .languages import LANGUAGES, toolchain
from .pool import Pool
from .report import Gate
from .toolchain import Toolchain
from .validate import clean_entry, clean_source

_WANTED = {
    "javascript": "node",
    "typescript": "node and tsc",
    "java": "javac and java",
    "rust": "rustc",
    "c": "gcc",
}
"""What a toolchain is made of, where it is not called as its language is."""


class ProcessSandbox:
    """Runs programs nobody has read, each in a fresh and confined process.

    Args:
        require: Layers without which nothing is run, for example `("namespaces",)`.
        accept: The weakest set of walls that is accepted; `"rlimits"` must be asked for by name,
            because it does not hold against hostile code.
        without: Layers to leave out, to test what the others are worth.
        concurrency: How many programs may run at the same time; more have to wait.
        parked: How many confined workers wait ready for each language in use.
        patience_seconds: How long a program may wait for its turn before it is refused.
        policy: A lint, as `policy.findings`; a Python program in which it finds anything is refused.
        bubblewrap: Whether the helper lives inside bubblewrap as well; it must be installed.
    """

    def __init__(
        self,
        *,
        require: Collection[str] = (),
        accept: Tier = "kernel",
        without: Collection[str] = (),
        concurrency: int | None = None,
        parked: int = 2,
        patience_seconds: float | None = None,
        policy: Callable[[str], Sequence[object]] | None = None,
        bubblewrap: bool = False,
    ) -> None:
        _check_layers(require, without)
        self._gate = Gate(frozenset(require), accept, frozenset(LAYERS) - frozenset(without))
        self._turns = threading.BoundedSemaphore(max(1, concurrency or os.cpu_count() or 1))
        self._patience = patience_seconds
        self._parked = max(0, parked)
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()
        self._policy = policy
        self._bubblewrap = bubblewrap
        self._closed = False

    def run(
        self,
        source: str,
        *,
        language: str = "python",
        stdin: str = "",
        limits: Limits = DEFAULT_LIMITS,
        artefacts: Sequence[str] = (),
    ) -> Execution:
        """Run a whole program; whatever it does, the answer is an `Execution`.

        Args:
            source: The program.
            language: One of `LANGUAGES`.
            stdin: What it may read.
            limits: What it may use.
            artefacts: Names of files in its scratch directory to bring back.
        """
        text, trouble = self._read(source, language)
        if trouble is not None:
            return refused(trouble)
        tools = self._tools(language)
        if isinstance(tools, str):
            return refused(tools)
        job = running.Job(text, stdin=stdin, limits=limits, artefacts=tuple(artefacts))
        if not self._turns.acquire(timeout=-1 if self._patience is None else self._patience):
            return refused("the sandbox is busy: no turn within the time that was granted")
        try:
            return running.run(self._pool(tools), tools, self._gate, job=job)
        finally:
            self._turns.release()

    def compiles(
        self, source: str, *, language: str = "javascript", limits: Limits = DEFAULT_LIMITS
    ) -> Execution:
        """Let a language's own tools look at a program; nothing of it is started.

        Args:
            source: The program.
            language: Any of `LANGUAGES` but Python, which the caller's own compiler checks.
            limits: What the tools may use, besides the time that compilers are granted.
        """
        text, trouble = self._read(source, language)
        tools = self._tools(language)
        if trouble is not None or isinstance(tools, str):
            return refused(trouble or str(tools))
        if tools.steps is None:
            return refused("Python is checked by its own compiler, without a process")
        if not self._turns.acquire(timeout=-1 if self._patience is None else self._patience):
            return refused("the sandbox is busy: no turn within the time that was granted")
        try:
            return running.run(
                self._pool(tools),
                tools.checking(),
                self._gate,
                job=running.Job(text, stdin="", limits=limits),
            )
        finally:
            self._turns.release()

    def call(
        self,
        source: str,
        entry: str,
        arguments: Sequence[Sequence[Any]],
        *,
        language: str = "python",
        limits: Limits = DEFAULT_LIMITS,
    ) -> list[Execution]:
        """Call one function of a program once for each list of arguments.

        Each call is sent only after the one before it was answered, and the wall clock and the
        processor clock start anew for each.

        Args:
            source: The program that defines the function.
            entry: The name of the function.
            arguments: One list of plain values for each call.
            language: One of `LANGUAGES`. A function of a compiled language is called when its types can be read from
                its head; all calls share one process and one clock.
            limits: What each call may use.
        """
        text, trouble = self._read(source, language)
        name, bad_name = clean_entry(entry)
        requests, bad_arguments = calling.encode_all(arguments)
        tools = self._tools(language)
        problem = trouble or bad_name or bad_arguments or (tools if isinstance(tools, str) else "")
        if problem or isinstance(tools, str):
            return [refused(problem)] * len(arguments)
        if tools.steps is not None and tools.driver is None:
            return compiled.call(
                lambda program, stdin: self.run(program, language=language, stdin=stdin, limits=limits),
                text,
                name,
                arguments=arguments,
                language=language,
                limits=limits,
            )
        if not self._turns.acquire(timeout=-1 if self._patience is None else self._patience):
            reason = "the sandbox is busy: no turn within the time that was granted"
            return [refused(reason)] * len(arguments)
        job = calling.Job(text, name, requests, limits=limits)
        try:
            return calling.call(self._pool(tools), tools, self._gate, job=job)
        finally:
            self._turns.release()

    def check(
        self,
        source: str,
        entry: str,
        test: str,
        *,
        language: str = "python",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Execution:
        """Run `check(candidate)` of a Python test, where `candidate` calls a program elsewhere.

        The test and the program live in two separate workers; between them only arguments and
        plain results pass, and they pass through here.

        Args:
            source: The program that defines the function.
            entry: The name of the function.
            test: Python that defines `check(candidate)`, which raises when it is not satisfied.
            language: The language of the program.
            limits: What each of the two may use, for each call.
        """
        text, trouble = self._read(source, language)
        name, bad_name = clean_entry(entry)
        checks, bad_test = clean_source(test)
        tools = self._tools(language)
        problem = trouble or bad_name or bad_test or (tools if isinstance(tools, str) else "")
        if problem or isinstance(tools, str):
            return refused(problem)
        if not self._turns.acquire(timeout=-1 if self._patience is None else self._patience):
            return refused("the sandbox is busy: no turn within the time that was granted")
        job = calling.Job(text, name, (), limits=limits)
        tester = self._tools("python")
        assert not isinstance(tester, str)
        pools = self._pool(tools), self._pool(tester)
        try:
            return checking.check(pools, tools, self._gate, job=job, test=checks)
        finally:
            self._turns.release()

    def arun(
        self,
        source: str,
        *,
        language: str = "python",
        stdin: str = "",
        limits: Limits = DEFAULT_LIMITS,
        artefacts: Sequence[str] = (),
    ) -> Awaitable[Execution]:
        """Do what `run` does, without holding up an event loop."""
        return asyncio.to_thread(
            self.run,
            source,
            language=language,
            stdin=stdin,
            limits=limits,
            artefacts=artefacts,
        )

    def acall(
        self,
        source: str,
        entry: str,
        arguments: Sequence[Sequence[Any]],
        *,
        language: str = "python",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Awaitable[list[Execution]]:
        """Do what `call` does, without holding up an event loop."""
        return asyncio.to_thread(self.call, source, entry, arguments, language=language, limits=limits)

    def report(self, language: str = "python") -> IsolationReport:
        """Probe, from inside a worker, which layers hold on this machine.

        Raises:
            SandboxError: When the language has no toolchain here.
        """
        tools = self._tools(language)
        if isinstance(tools, str):
            raise SandboxError(repr(language), "a language with a toolchain", tools)
        return self._gate.report(self._pool(tools))

    @property
    def isolation(self) -> tuple[str, ...]:
        """The layers that hold around Python programs on this machine."""
        return self.report().active

    def warm_up(self, language: str = "python", *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start the helper and park workers, so that the first program is as quick as the next."""
        self.report(language)
        tools = self._tools(language)
        assert not isinstance(tools, str)
        pool = self._pool(tools)
        pool.park(limits.disk_bytes)
        pool.wait_parked(10.0)

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until what was used is gone and what is parked is ready."""
        with self._lock:
            pools = list(self._pools.values())
        for pool in pools:
            pool.settle(seconds)

    def _read(self, source: object, language: str) -> tuple[str, str | None]:
        text, trouble = clean_source(source)
        if trouble is None and self._policy is not None and language == "python":
            found = self._policy(text)
            trouble = f"refused by policy: {found[0]}" if found else None
        return text, trouble

    def _tools(self, language: str) -> Toolchain | str:
        if self._closed:
            return "the sandbox is closed"
        if language not in LANGUAGES:
            return f"unknown language; known are {', '.join(LANGUAGES)}"
        found = toolchain(language)
        if found is not None:
            return found
        wanted = _WANTED.get(language, language)
        return f"toolchain missing: no {language} on this machine; it needs {wanted} on the path"

    def _pool(self, tools: Toolchain) -> Pool:
        with self._lock:
            pool = self._pools.get(tools.name)
            if pool is None:
                pool = Pool(tools, self._gate.layers, parked=self._parked, bubblewrap=self._bubblewrap)
                self._pools[tools.name] = pool
            return pool

    def close(self) -> None:
        """End every helper and every worker."""
        self._closed = True
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def __enter__(self) -> ProcessSandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _check_layers(*groups: Collection[str]) -> None:
    for group in groups:
        unknown = set(group) - set(LAYERS)
        if isinstance(group, str) or unknown:
            raise SandboxError(
                f"layers {group!r}", f"a collection of {', '.join(LAYERS)}", "Correct the names."
            )
