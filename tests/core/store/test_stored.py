"""What lies on disk is read a block at a time, and no more of it than was asked for."""

import json

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.errors import StoreError
from agentic_diffusion.store import Stored

TENSORS = {"a": torch.arange(24.0).reshape(4, 6), "n": torch.tensor(7), "e": torch.zeros(0, 2)}


def test_blocks_of_a_single_file_are_read_alone(tmp_path) -> None:
    store.save(tmp_path, TENSORS, {"seed": 1})
    stored = Stored.described(tmp_path / "card.json")
    assert (set(stored), len(stored), stored.card["seed"], stored.taken) == (set(TENSORS), 3, 1, 0)
    assert stored.shape("a") == (4, 6)
    assert torch.equal(stored.cut("a", (1, 2), (2, 3)), TENSORS["a"][1:3, 2:5])
    assert stored.taken == 2 * 3 * 4
    assert all(torch.equal(stored[name], value) for name, value in TENSORS.items())
    with pytest.raises(KeyError):
        stored["absent"]


def test_a_file_that_vanishes_while_it_is_read_is_named(tmp_path) -> None:
    store.save(tmp_path, TENSORS, {})
    stored = Stored.described(tmp_path / "card.json")
    file = next(tmp_path.glob("*.safetensors"))
    file.unlink()
    with pytest.raises(StoreError, match=file.name):
        stored["a"]
    with pytest.raises(StoreError, match=file.name):
        Stored.described(tmp_path / "card.json")


def test_an_index_that_does_not_cover_a_tensor_is_refused(tmp_path) -> None:
    store.save_shards(tmp_path, [], {})
    stored = Stored.described(tmp_path / "card.json")
    assert dict(stored) == {}
    entry = store.stored.Entry(torch.float32, (2, 2), ())
    odd = Stored(tmp_path, {}, files=[], entries={"a": entry})
    with pytest.raises(StoreError, match="0 of the 4 values of a"):
        odd["a"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"files": [{"name": "../x", "sha256": "", "size": 1}], "tensors": {}}',
        '{"files": [], "tensors": {"a": {"dtype": "?", "shape": [], "blocks": []}}}',
    ],
)
def test_a_file_that_is_no_index_is_refused(tmp_path, text) -> None:
    import hashlib

    (tmp_path / "x.index.json").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "card.json").write_text(json.dumps({"weights": "x.index.json", "sha256": digest}))
    with pytest.raises(StoreError, match=r"x\.index\.json (is no index|names files outside)"):
        Stored.described(tmp_path / "card.json")
    (tmp_path / "x.index.json").write_text(text + " ")
    with pytest.raises(StoreError, match="damaged"):
        Stored.described(tmp_path / "card.json")
