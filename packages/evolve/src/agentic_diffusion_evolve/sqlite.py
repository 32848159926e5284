"""A memory on disk: one SQLite file that many processes may write at once."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from agentic_diffusion.errors import StoreError
from agentic_diffusion.records import Outcome
from pydantic import ValidationError

from agentic_diffusion_evolve.evict import Entry, Evict
from agentic_diffusion_evolve.memory import SHARPNESS, due, task_key

if TYPE_CHECKING:  # a memory opens without torch; only drawing from it needs that
    from agentic_diffusion.denoising.state import Rng

Q = TypeVar("Q")
V = TypeVar("V")

MARK = 1094993238
"""Written into the file's header, so that another program's database is never touched."""

MIGRATIONS = (
    """
    CREATE TABLE outcome (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, task TEXT NOT NULL,
        reward REAL NOT NULL, trust REAL NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX outcome_by_reward ON outcome (reward DESC);
    """,
)
"""The n-th script turns a file of version n into one of version n + 1."""

ENTRIES = "SELECT id, task, reward, trust, number FROM outcome ORDER BY number"
BY_ID = "SELECT body FROM outcome WHERE id = ?"
BEST = "SELECT body FROM outcome WHERE trust >= ? ORDER BY reward DESC, number LIMIT ?"
NEXT = "SELECT number, body FROM outcome WHERE number > ? ORDER BY number LIMIT 256"
INSERT = (
    "INSERT INTO outcome (id, task, reward, trust, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
)


PAGES = 4000
"""Pages of the write-ahead log after which it is worked into the file; each time waits for the disk."""


@final
class SqliteMemory(Generic[Q, V]):
    """A memory that survives its process.

    What `add` or `add_many` has returned for is in the file even if the process is killed in the next instant
    (kill -9): each call is one committed transaction of SQLite's write-ahead log, handed to the operating system.
    With `power_safe` it is also forced onto the disk, and so survives a loss of power, at the price of one
    flush a call. Several processes and threads may write; a writer waits up to `patience` seconds for its turn.

    Args:
        path: The file; made if missing.
        request_type: The type of requests, such as `Reach`.
        value_type: The type of values, such as `Trajectory`.
        evict: What to let go; everything is kept when left out.
        power_safe: Whether to wait for the disk.
        patience: Seconds to wait for another writer.

    Raises:
        StoreError: The file is damaged, belongs to another program or was written by a newer version.
    """

    def __init__(
        self,
        path: Path,
        request_type: Any,
        value_type: Any,
        *,
        evict: Evict | None = None,
        power_safe: bool = False,
        patience: float = 30.0,
    ) -> None:
        self.path = Path(path)
        self.evict = evict
        self.power_safe = power_safe
        self.patience = patience
        kind: Any = Outcome.__class_getitem__((request_type, value_type))
        self._kind: type[Outcome[Q, V]] = kind
        self._lock = RLock()
        self._fresh = 0
        self._files: list[sqlite3.Connection] = []  # after a fork, those of the parent are left alone
        self._process = os.getpid()
        with self._speaking():
            self._connect()
            self._migrate()

    def _connect(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(f"{error.strerror}", "Choose a folder that can be written.") from error
        self._process = os.getpid()
        file = sqlite3.connect(
            self.path, timeout=self.patience, isolation_level=None, check_same_thread=False
        )
        try:
            (mode,) = file.execute("PRAGMA journal_mode = WAL").fetchone()
            file.execute("PRAGMA synchronous = FULL" if self.power_safe else "PRAGMA synchronous = NORMAL")
            file.execute(f"PRAGMA wal_autocheckpoint = {PAGES:d}")
            if mode != "wal":
                raise self._unusable(f"no write-ahead log here, only {mode}", "Keep it on a local disk.")
        except (sqlite3.Error, StoreError):
            file.close()
            raise
        self._files.append(file)

    @property
    def _file(self) -> sqlite3.Connection:
        return self._files[-1]

    def _migrate(self) -> None:
        with self._writing() as file:
            (mark,) = file.execute("PRAGMA application_id").fetchone()
            (version,) = file.execute("PRAGMA user_version").fetchone()
            (tables,) = file.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if mark != MARK and (mark or version or tables):
                raise self._unusable("the database of another program", "Choose another path.")
            if version > len(MIGRATIONS):
                raise self._unusable(
                    f"a memory of version {version}, and this package knows {len(MIGRATIONS)}",
                    "Update agentic-diffusion-evolve.",
                )
            for script in MIGRATIONS[version:]:
                for statement in filter(str.strip, script.split(";")):
                    file.execute(statement)
            if version < len(MIGRATIONS):
                # pragmas take no bound parameters; both are constants of this file
                file.execute(f"PRAGMA application_id = {MARK:d}")
                file.execute(f"PRAGMA user_version = {len(MIGRATIONS):d}")

    def _unusable(self, what: str, action: str) -> StoreError:
        return StoreError(f"{self.path.name}: {what}", "a memory that this package has written", action)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Hold the connection, and turn what SQLite says into what the reader can act on."""
        with self._lock:
            try:
                if self._process != os.getpid():
                    self._connect()  # a connection may not cross a fork
                yield
            except sqlite3.ProgrammingError as error:
                raise self._unusable(str(error), "Open the memory again; this one was closed.") from error
            except sqlite3.OperationalError as error:
                raise self._unusable(
                    str(error), "Free space, check the rights to the folder, or wait for the other writer."
                ) from error
            except sqlite3.DatabaseError as error:
                raise self._unusable(
                    f"damaged ({error})", "Restore a copy, or import the lines that were exported before."
                ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        file = self._file
        file.execute("BEGIN IMMEDIATE")
        try:
            yield file
            file.execute("COMMIT")
        finally:
            if file.in_transaction:
                file.execute("ROLLBACK")

    def add(self, outcome: Outcome[Q, V]) -> bool:
        """Keep an outcome; returns False where its id is known.

        Raises:
            StoreError: The disk refused; nothing was added.
        """
        row = _row(outcome)
        with self._speaking():
            # one statement outside of a transaction is a transaction, and needs no two more
            new = self._file.execute(INSERT, row).rowcount
            self._added(new)
        return new == 1

    def add_many(self, outcomes: Iterable[Outcome[Q, V]]) -> int:
        """Keep many outcomes in one transaction, all or none; returns how many were new.

        Raises:
            StoreError: The disk refused; nothing was added.
        """
        rows = [_row(outcome) for outcome in outcomes]
        with self._speaking():
            with self._writing() as file:
                before = file.total_changes
                file.executemany(INSERT, rows)
                new = file.total_changes - before
            self._added(new)
        return new

    def _added(self, new: int) -> None:
        self._fresh += new
        if self.evict is not None and self._fresh > 256 and due(self._fresh, self._count()):
            self._settle()

    def sample(self, count: int, rng: Rng, *, sharpness: float = SHARPNESS) -> list[Outcome[Q, V]]:
        """Draw with replacement, the better and the more trusted the likelier."""
        from agentic_diffusion_evolve.draw import drawn

        with self._looking():
            names = drawn(self._entries(), count, rng, sharpness=sharpness)
            found = {name: self._bodies(BY_ID, (name,)) for name in set(names)}
        return [self._read(*found[name]) for name in names]

    def best(self, count: int, *, trust: float = 0.0) -> list[Outcome[Q, V]]:
        """Return the highest rewards among what is trusted at least that far, best first."""
        with self._looking():
            bodies = self._bodies(BEST, (trust, count))
        return [self._read(body) for body in bodies]

    def close(self) -> None:
        """Let go of the file; the memory cannot be used any more."""
        with self._speaking():
            self._settle()
            self._file.close()

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with self._speaking():
            self._settle()
            yield

    def _settle(self) -> None:
        """Let go of what eviction names, before anyone looks."""
        if self.evict is not None and self._fresh:
            with self._writing() as file:
                gone = [(name,) for name in self.evict(self._entries())]
                file.executemany("DELETE FROM outcome WHERE id = ?", gone)
        self._fresh = 0

    def _count(self) -> int:
        (count,) = self._file.execute("SELECT count(*) FROM outcome").fetchone()
        return int(count)

    def _entries(self) -> list[Entry]:
        return [Entry(*row) for row in self._file.execute(ENTRIES)]

    def _bodies(self, query: str, values: tuple[object, ...]) -> list[str]:
        return [body for (body,) in self._file.execute(query, values)]

    def _read(self, body: str) -> Outcome[Q, V]:
        try:
            return self._kind.model_validate_json(body)
        except ValidationError as error:
            raise self._unusable(
                f"an outcome that is not {self._kind.__name__} ({error.errors()[0]['msg']})",
                "Open it with the types of request and value it was written with.",
            ) from error

    def __contains__(self, name: object) -> bool:
        with self._looking():
            return bool(self._bodies(BY_ID, (name,)))

    def __len__(self) -> int:
        with self._looking():
            return self._count()

    def __iter__(self) -> Iterator[Outcome[Q, V]]:
        """Yield in the order of adding, also what is added meanwhile."""
        last = 0
        while True:
            with self._looking():
                page = self._file.execute(NEXT, (last,)).fetchall()
            if not page:
                return
            yield from (self._read(body) for _, body in page)
            last = page[-1][0]


def _row(outcome: Outcome[Any, Any]) -> tuple[str, str, float, float, str]:
    return outcome.id, task_key(outcome.request), outcome.reward, outcome.trust, outcome.model_dump_json()
