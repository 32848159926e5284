"""Files are settled before they are named, and tensors are written as the makers of safetensors write them."""

import os

import pytest
import torch
from agentic_diffusion.errors import StoreError
from agentic_diffusion.store import disk, write_atomically
from safetensors.torch import load, save


def test_what_is_poured_is_what_safetensors_writes(tmp_path) -> None:
    kinds = [
        torch.float32,
        torch.bfloat16,
        torch.float64,
        torch.uint8,
        torch.int64,
        torch.bool,
        torch.float16,
    ]
    tensors = {f"{n}/ä": torch.arange(n + 1).to(kind) for n, kind in enumerate(kinds)}
    tensors |= {"none": torch.zeros(0, 3), "one": torch.tensor(4), "z": torch.ones(2, 3), "a": torch.ones(1)}
    file = disk.pour(tmp_path, {**tensors, "turned": torch.arange(6.0).reshape(2, 3).t()})
    blob = (tmp_path / file.name).read_bytes()
    assert blob == save({**tensors, "turned": torch.arange(6.0).reshape(2, 3).t().contiguous()})
    assert file.size == len(blob)
    assert load(blob)["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(StoreError, match=r"torch\.complex128"):
        disk.pour(tmp_path, {"x": torch.zeros(1, dtype=torch.complex128)})
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="folders cannot be opened")
@pytest.mark.parametrize("write", [write_atomically, lambda path, blob: disk.pour(path.parent, {})])
def test_the_disk_has_the_content_before_the_name_and_the_name_before_the_end(tmp_path, monkeypatch, write):
    told = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (told.append(os.path.isdir(f"/proc/self/fd/{fd}")), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (told.append("named"), replace(a, b)))
    write(tmp_path / "x", b"1")
    assert told == [False, "named", True]


def test_a_sweep_spares_what_a_damaged_index_does_not_name_only_if_a_card_does(tmp_path) -> None:
    for name in ("a.safetensors", "b.safetensors", ".x.part", "notes.txt", "c.index.json"):
        (tmp_path / name).write_text("{")
    (tmp_path / "card.json").write_text('{"weights": "a.safetensors"}')
    (tmp_path / "card.previous.json").write_text('{"weights": "c.index.json"}')
    disk.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.safetensors",
        "notes.txt",
        "card.json",
        "card.previous.json",
    }
