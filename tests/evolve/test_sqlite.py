"""The memory on disk: other processes, other programs, other versions, damage."""

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from agentic_diffusion.errors import StoreError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve import sqlite
from agentic_diffusion_evolve.sqlite import SqliteMemory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "memory.db"


def told(name, reward=1.0):
    return Outcome(
        id=name,
        request=Reach(start=(0.0,)),
        value=Trajectory(states=((0.5,),), seconds=1, arrival=0),
        reward=reward,
    )


def open_memory(path, **settings):
    return SqliteMemory(path, Reach, Trajectory, **settings)


def test_records_come_back_with_their_types_after_reopening(path) -> None:
    open_memory(path).add(told("a"))
    (back,) = open_memory(path)
    assert isinstance(back.request, Reach)
    assert isinstance(back.value, Trajectory)
    assert back.value.states == ((0.5,),)


def test_text_is_bound_and_never_part_of_a_statement(path) -> None:
    memory = open_memory(path)
    evil = "x'); DROP TABLE outcome; --"
    assert memory.add(told(evil))
    assert evil in memory
    assert len(memory) == 1


def test_a_failed_batch_adds_nothing(path) -> None:
    memory = open_memory(path)

    def broken():
        yield told("a")
        raise RuntimeError("the world ended")

    with pytest.raises(RuntimeError):
        memory.add_many(broken())
    rule = "BEFORE INSERT ON outcome WHEN new.id = 'bad' BEGIN SELECT raise(ABORT, 'full'); END"
    memory._file.execute(f"CREATE TRIGGER no {rule}")
    with pytest.raises(StoreError, match="full"):
        memory.add_many([told("a"), told("bad")])
    assert len(memory) == 0
    assert memory.add(told("a"))


def test_threads_share_one_memory(path) -> None:
    memory, gate = open_memory(path), threading.Barrier(4)

    def work(index):
        gate.wait()
        return sum(memory.add(told(f"{index}-{n}")) for n in range(50)) + len(memory.best(3))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(memory) == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_memory_can_be_used_on_both_sides_of_a_fork(path) -> None:
    memory = open_memory(path)
    memory.add(told("before"))
    child = os.fork()
    if child == 0:
        memory.add(told("child"))
        os._exit(0 if len(memory) >= 2 else 1)
    memory.add(told("parent"))
    assert os.waitpid(child, 0)[1] == 0
    assert {o.id for o in memory} == {"before", "child", "parent"}


def test_what_one_connection_writes_another_sees(path) -> None:
    one, two = open_memory(path), open_memory(path)
    one.add(told("a"))
    assert "a" in two
    assert not two.add(told("a"))


def test_a_writer_waits_and_then_says_why(path) -> None:
    memory, other = open_memory(path, patience=0.05), open_memory(path)
    other._file.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        memory.add(told("a"))
    other._file.execute("COMMIT")
    assert memory.add(told("a"))


def test_kept_on_power_loss_is_a_choice(path) -> None:
    assert open_memory(path)._file.execute("PRAGMA synchronous").fetchone() == (1,)
    assert open_memory(path, power_safe=True)._file.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_damaged_file_is_named_and_left_alone(path, tmp_path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 400)
    with pytest.raises(StoreError, match="damaged"):
        open_memory(path)
    assert path.read_bytes().startswith(b"not a database")
    whole = tmp_path / "whole.db"
    memory = open_memory(whole)
    memory.add_many(told(f"{n}") for n in range(300))
    memory.close()
    blob = bytearray(whole.read_bytes())
    blob[4096 * 2 :] = b"\xff" * (len(blob) - 4096 * 2)
    whole.write_bytes(blob)
    with pytest.raises(StoreError, match="damaged"):
        list(open_memory(whole))


def test_values_of_another_type_are_named(path) -> None:
    open_memory(path).add(told("a"))
    with pytest.raises(StoreError, match="types of request and value"):
        list(SqliteMemory(path, str, int))


def test_other_programs_and_newer_versions_are_refused(path, tmp_path) -> None:
    foreign = sqlite3.connect(tmp_path / "foreign.db")
    foreign.execute("CREATE TABLE mine (x)")
    foreign.commit()
    foreign.close()
    with pytest.raises(StoreError, match="another program"):
        open_memory(tmp_path / "foreign.db")
    memory = open_memory(path)
    memory._file.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99"):
        open_memory(path)


def test_an_old_file_is_migrated_and_keeps_its_outcomes(path, monkeypatch) -> None:
    open_memory(path).add(told("a"))
    monkeypatch.setattr(
        sqlite, "MIGRATIONS", (*sqlite.MIGRATIONS, "ALTER TABLE outcome ADD COLUMN mood TEXT")
    )
    memory = open_memory(path)
    assert len(memory) == 1
    assert memory._file.execute("SELECT mood FROM outcome").fetchone() == (None,)
    assert memory._file.execute("PRAGMA user_version").fetchone() == (2,)


def test_no_folder_and_no_connection_are_said_plainly(path, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder"):
        open_memory(tmp_path / "file" / "memory.db")
    memory = open_memory(path)
    memory.close()
    with pytest.raises(StoreError, match="closed"):
        len(memory)
    with pytest.raises(StoreError, match="log"):
        open_memory(":memory:")
