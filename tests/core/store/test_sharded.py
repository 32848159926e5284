"""Shards: whatever happens to any process at any moment, a reader sees the old version or the new one."""

import errno
import json
import logging
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute.distributed import Piece, Team
from agentic_diffusion.errors import StoreError


def wholes(number):
    return {"a": torch.arange(15.0).reshape(5, 3) + number, "b": torch.tensor(number)}


def pieces(number, rank):
    """Rows of one tensor, the second process's in two blocks; the first one writes what both hold."""
    a, b = wholes(number).values()
    cuts = [(0, 2)] if rank == 0 else [(2, 4), (4, 5)]
    told = [Piece("a", (5, 3), (low, 0), a[low:high]) for low, high in cuts]
    return told if rank else [*told, Piece("b", (), (), b)]


@pytest.fixture
def together(monkeypatch):
    """Let two threads be two processes; returns what each came to, or raised."""

    def run(act):
        gate, said = threading.Barrier(2), {}

        def heard(team, text):
            said[team.rank] = text
            gate.wait(10)
            told = [said[0], said[1]]
            gate.wait(10)
            return told

        def member(rank):
            try:
                return act(Team("fsdp", rank, 2))
            except StoreError as error:
                return error

        with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
            patch.setattr(Team, "heard", heard)
            return list(pool.map(member, range(2)))

    return run


def saved(together, folder, number):
    return together(
        lambda team: store.save_shards(folder, pieces(number, team.rank), {"n": number}, team=team)
    )


def holds(folder, number) -> bool:
    found = store.load(folder)
    expected = wholes(number)
    same = (torch.equal(found.tensors[k], v) for k, v in expected.items())
    return found.card["n"] == number and found.tensors.keys() == expected.keys() and all(same)


def test_shards_are_read_whole_and_in_any_blocks(tmp_path, together) -> None:
    assert saved(together, tmp_path / "x", 1) == [tmp_path / "x" / "card.json"] * 2
    assert holds(tmp_path / "x", 1)
    assert len(list((tmp_path / "x").glob("*.safetensors"))) == 2
    a = wholes(1)["a"]
    for low in range(5):
        for high in range(low + 1, 6):
            stored = store.opened(tmp_path / "x")
            assert torch.equal(stored.cut("a", (low, 1), (high - low, 2)), a[low:high, 1:])
            assert stored.taken == (high - low) * 2 * 4
    first, second = together(lambda team: store.opened(tmp_path / "x", team=team))
    assert first["a"].tolist() == second["a"].tolist() == a.tolist()


def test_two_versions_stay_whole_or_in_shards(tmp_path, together) -> None:
    for number in range(3):
        saved(together, tmp_path, number)
    assert holds(tmp_path, 2)
    assert len(list(tmp_path.iterdir())) == 2 * (1 + 1 + 2)
    store.save(tmp_path, wholes(3), {"n": 3})
    assert holds(tmp_path, 3)
    assert len(list(tmp_path.iterdir())) == 4 + 2
    saved(together, tmp_path, 4)
    saved(together, tmp_path, 4)  # the same again: the last good one stays
    assert holds(tmp_path, 4)
    assert json.loads((tmp_path / "card.previous.json").read_text())["n"] == 3
    assert len(list(tmp_path.iterdir())) == 4 + 2


def test_a_fault_at_any_write_of_any_process_leaves_the_old_version(tmp_path, together, monkeypatch) -> None:
    saved(together, tmp_path / "old", 0)
    for name, count in (("replace", 5), ("fsync", 10)):
        for at in range(1, count + 1):
            folder = tmp_path / f"{name}-{at}"
            shutil.copytree(tmp_path / "old", folder)
            real, calls = getattr(os, name), []

            def broken(*args, real=real, calls=calls, at=at):
                calls.append(args)
                if len(calls) == at:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return real(*args)

            with monkeypatch.context() as patch:
                patch.setattr(os, name, broken)
                told = saved(together, folder, 1)
            assert all(isinstance(error, StoreError) for error in told), (name, at)
            assert "No space left" in str(told[0])
            assert "(process " in str(told[1])
            if (name, at) == ("fsync", 10):
                assert holds(folder, 1)  # there, but not known to outlive a power cut
                continue
            assert holds(folder, 0), (name, at)
            assert store.load(folder).degraded == ""
            assert not list(folder.glob(".*.part"))
            assert len(list(folder.glob("*.safetensors"))) == 2
            saved(together, folder, 1)
            assert holds(folder, 1)
        assert len(calls) >= count


def test_what_lies_on_disk_at_any_moment_is_the_old_version_or_the_new_one(tmp_path, together, monkeypatch):
    saved(together, tmp_path / "x", 0)
    saved(together, tmp_path / "x", 1)
    lock, moments = threading.Lock(), []

    def watched(name):
        real = getattr(os, name)

        def look():
            moments.append(tmp_path / f"{len(moments)}")
            shutil.copytree(tmp_path / "x", moments[-1])

        def call(*args):
            with lock:
                look()
                told = real(*args)
                look()
            return told

        return call

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(os, name, watched(name))
        saved(together, tmp_path / "x", 2)
    numbers = [store.load(folder).card["n"] for folder in moments]
    assert all(store.load(folder).degraded == "" for folder in moments)
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2}
    assert all(holds(folder, number) for folder, number in zip(moments, numbers, strict=True))


def shards(folder, card="card.json"):
    index = json.loads((folder / json.loads((folder / card).read_text())["weights"]).read_text())
    return [folder / file["name"] for file in index["files"]]


def flip(path):
    blob = bytearray(path.read_bytes())
    blob[-3] ^= 1
    path.write_bytes(blob)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (flip, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "damaged"),
        (lambda path: path.unlink(), "No such file"),
    ],
    ids=["flipped", "short", "missing"],
)
def test_a_damaged_shard_is_named_and_the_last_good_version_taken(tmp_path, together, harm, said, caplog):
    saved(together, tmp_path, 0)
    harm(shards(tmp_path)[1])
    for read in (lambda team: store.opened(tmp_path, team=team), lambda team: store.load(tmp_path)):
        for error in together(read):
            assert isinstance(error, StoreError)
            assert f"{shards(tmp_path)[1].name} (file 2 of 2)" in str(error)
            assert said in str(error)
    assert "Copy what is named back" in str(together(lambda team: store.opened(tmp_path, team=team))[0])
    saved(together, tmp_path, 1)
    saved(together, tmp_path, 2)
    assert not store.opened(tmp_path).degraded
    harm(shards(tmp_path)[0])
    with caplog.at_level(logging.WARNING, "agentic_diffusion"):
        told = together(lambda team: store.opened(tmp_path, team=team))
    assert [stored.card["n"] for stored in told] == [1, 1]
    assert all(shards(tmp_path)[0].name in stored.degraded for stored in told)
    assert caplog.text.count("last good version") == 1
    assert holds(tmp_path, 1)


def test_an_incomplete_version_never_becomes_the_last_good_one(tmp_path, together) -> None:
    saved(together, tmp_path, 0)
    saved(together, tmp_path, 1)
    shards(tmp_path)[0].unlink()
    saved(together, tmp_path, 2)
    assert json.loads((tmp_path / "card.previous.json").read_text())["n"] == 0
    flip(shards(tmp_path)[1])
    assert holds(tmp_path, 0)


def test_processes_that_see_different_folders_say_so(tmp_path, together) -> None:
    saved(together, tmp_path / "0", 0)
    told = together(lambda team: store.opened(tmp_path / str(team.rank), team=team))
    assert all("No such file" in str(error) for error in told)
    saved(together, tmp_path / "1", 1)
    told = together(lambda team: store.opened(tmp_path / str(team.rank), team=team))
    assert all("not the same for all" in str(error) for error in told)
    told = together(
        lambda team: store.save_shards(tmp_path / f"new{team.rank}", pieces(1, team.rank), {}, team=team)
    )
    assert all("is not a folder that this process sees (process 1 of 2)" in str(error) for error in told)
    told = together(
        lambda team: store.save_shards(tmp_path / str(team.rank), pieces(2, team.rank), {}, team=team)
    )
    assert all("No such file" in str(error) for error in told)
    assert holds(tmp_path / "0", 0)


def test_one_process_writes_one_shard(tmp_path) -> None:
    store.save_shards(tmp_path, [Piece("a", (2,), (0,), torch.ones(2))], {"n": 1})
    assert store.load(tmp_path).tensors["a"].tolist() == [1, 1]
    with pytest.raises(StoreError, match="plain JSON"):
        store.save_shards(tmp_path, [], {"n": float("nan")})
    with pytest.raises(StoreError, match="Copy what is named back"):
        store.opened(tmp_path / "nowhere")


def test_a_type_that_cannot_be_stored_is_refused_by_name(tmp_path) -> None:
    odd = torch.zeros(2, dtype=torch.complex128)
    with pytest.raises(StoreError, match="complex128"):
        store.save_shards(tmp_path, [Piece("a", (2,), (0,), odd)], {})
    assert not list(tmp_path.glob("*.safetensors"))
