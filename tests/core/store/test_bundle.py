"""The store: whole, atomic, and never silently wrong, whatever happens to the disk."""

import errno
import json
import logging
import os

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.errors import StoreError
from agentic_diffusion.store import bundle

OLD = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7)}
NEW = {"a": torch.ones(2, 3), "b": torch.tensor(8)}
NEWER = {"a": torch.zeros(2, 3), "b": torch.tensor(9)}


def holds(folder, tensors) -> bool:
    found = store.load(folder).tensors
    return found.keys() == tensors.keys() and all(torch.equal(found[k], v) for k, v in tensors.items())


def test_round_trip_of_weights_and_card(tmp_path) -> None:
    mixed = {
        "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "turned": torch.arange(6.0).reshape(2, 3).t(),
        "one": OLD["a"],
        "same": OLD["a"],
    }
    card = {"seed": 3, "nested": {"list": [1, None, "x"]}}
    assert store.save(tmp_path / "deep" / "er", mixed, card) == tmp_path / "deep" / "er" / "card.json"
    bundle = store.load(tmp_path / "deep" / "er")
    assert all(
        torch.equal(bundle.tensors[k], v) and bundle.tensors[k].dtype == v.dtype for k, v in mixed.items()
    )
    assert {k: bundle.card[k] for k in card} == card
    assert bundle.degraded == ""


def test_two_versions_stay_and_nothing_else(tmp_path) -> None:
    for number, tensors in enumerate((OLD, NEW, NEWER)):
        store.save(tmp_path, tensors, {"version": number})
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    assert holds(tmp_path, NEWER)
    assert json.loads((tmp_path / "card.previous.json").read_text())["version"] == 1
    (tmp_path / ".card.json.1.part").write_text("left by a crash")
    store.save(tmp_path, NEWER, {"version": 3})  # the same weights again: the last good one stays
    assert json.loads((tmp_path / "card.previous.json").read_text())["version"] == 1
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".json", ".safetensors", ".safetensors"]


@pytest.mark.parametrize("fault", ["replace", "fsync"])
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_crash_at_any_write_leaves_the_old_version(tmp_path, monkeypatch, fault, at, code) -> None:
    store.save(tmp_path, OLD, {"version": 0})
    real, calls = getattr(os, fault), []

    def broken(*args):
        calls.append(args)
        if len(calls) == at:
            raise OSError(code, os.strerror(code))
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, fault, broken)
        with pytest.raises(StoreError, match="untouched") as caught:
            store.save(tmp_path, NEW, {"version": 1})
    assert os.strerror(code) in str(caught.value)
    assert holds(tmp_path, OLD)
    assert store.load(tmp_path).degraded == ""
    assert not list(tmp_path.glob(".*.part"))
    store.save(tmp_path, NEW, {"version": 1})
    assert holds(tmp_path, NEW)


def test_a_process_killed_between_weights_and_card_changes_nothing(tmp_path, monkeypatch) -> None:
    store.save(tmp_path, OLD, {})
    real = store.write_atomically

    def killed(path, blob):
        if path.name == store.CARD:
            raise KeyboardInterrupt
        real(path, blob)

    with monkeypatch.context() as patch:
        patch.setattr(bundle, "write_atomically", killed)
        with pytest.raises(KeyboardInterrupt):
            store.save(tmp_path, NEW, {})
    assert holds(tmp_path, OLD)


def weights_of(folder):
    return folder / json.loads((folder / "card.json").read_text())["weights"]


@pytest.mark.parametrize("place", [0, 9, 60, -1, -20])
def test_a_flipped_bit_anywhere_falls_back_and_says_so(tmp_path, place, caplog) -> None:
    store.save(tmp_path, OLD, {})
    store.save(tmp_path, NEW, {})
    file = weights_of(tmp_path)
    blob = bytearray(file.read_bytes())
    blob[place] ^= 1
    file.write_bytes(blob)
    with caplog.at_level(logging.WARNING, "agentic_diffusion"):
        bundle = store.load(tmp_path)
    assert torch.equal(bundle.tensors["a"], OLD["a"])
    assert "damaged" in bundle.degraded
    assert "last good version" in caplog.text


@pytest.mark.parametrize("size", [0, 1, 8, 40, -1])
def test_a_truncated_file_falls_back(tmp_path, size) -> None:
    store.save(tmp_path, OLD, {})
    store.save(tmp_path, NEW, {})
    file = weights_of(tmp_path)
    file.write_bytes(file.read_bytes()[:size])
    assert holds(tmp_path, OLD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"weights": "x.safetensors"}',
        '{"weights": "", "sha256": ""}',
        '{"weights": "..", "sha256": ""}',
        '{"weights": "a\\u0000b", "sha256": ""}',
        '{"weights": "absent.safetensors", "sha256": ""}',
    ],
)
def test_a_damaged_card_falls_back_and_the_next_save_heals(tmp_path, text) -> None:
    store.save(tmp_path, OLD, {})
    store.save(tmp_path, NEW, {})
    (tmp_path / "card.json").write_text(text)
    assert holds(tmp_path, OLD)
    assert store.load(tmp_path).degraded.startswith("card.json")
    store.save(tmp_path, NEWER, {})
    assert holds(tmp_path, NEWER)
    weights_of(tmp_path).unlink()
    assert holds(tmp_path, OLD)  # the damaged card never became the last good one


def test_bytes_that_are_no_text_and_a_damaged_older_card_do_not_stop_a_save(tmp_path) -> None:
    store.save(tmp_path, OLD, {})
    (tmp_path / "card.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "card.previous.json").write_text("{")
    with pytest.raises(StoreError, match="no card"):
        store.load(tmp_path)
    store.save(tmp_path, NEW, {})
    assert holds(tmp_path, NEW)


def test_a_card_may_not_lead_out_of_its_folder(tmp_path) -> None:
    secret = tmp_path / "secret.safetensors"
    store.save(tmp_path / "one", OLD, {})
    secret.write_bytes(weights_of(tmp_path / "one").read_bytes())
    card = json.loads((tmp_path / "one" / "card.json").read_text())
    for name in ("../secret.safetensors", str(secret)):
        (tmp_path / "one" / "card.json").write_text(json.dumps({**card, "weights": name}))
        with pytest.raises(StoreError, match="outside its folder") as caught:
            store.load(tmp_path / "one")
        assert str(caught.value).count("Expected") == 1


def test_a_file_with_the_right_hash_but_no_weights_is_refused(tmp_path) -> None:
    store.save(tmp_path, OLD, {})
    import hashlib

    weights_of(tmp_path).write_bytes(b"hello there, no tensors")
    card = json.loads((tmp_path / "card.json").read_text())
    card["sha256"] = hashlib.sha256(b"hello there, no tensors").hexdigest()
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(StoreError, match="no safetensors file"):
        store.load(tmp_path)


def test_a_missing_folder_says_what_to_do(tmp_path) -> None:
    with pytest.raises(StoreError, match="doctor"):
        store.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "odd", [{"x": torch.zeros(1)}, {"x": float("nan")}, {1j: "x"}], ids=["tensor", "nan", "key"]
)
def test_a_card_that_is_not_plain_json_is_refused_before_anything_is_written(tmp_path, odd) -> None:
    store.save(tmp_path, OLD, {})
    with pytest.raises(StoreError, match="plain JSON"):
        store.save(tmp_path, NEW, odd)
    assert holds(tmp_path, OLD)
