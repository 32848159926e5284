"""Tensors that lie on disk and are read a block at a time, whatever files they were divided among."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, final

import torch
from pydantic import JsonValue
from safetensors import SafetensorError, safe_open
from torch import Tensor

from agentic_diffusion.errors import StoreError
from agentic_diffusion.store.disk import CARD, PREVIOUS, TYPES, File, is_index, write_atomically

LARGEST = 100_000_000
"""Bytes of the largest header that safetensors takes."""
EXPECTED, FALL_BACK = "an intact card and weights", "Fall back to another version."


@final
@dataclass(frozen=True)
class Block:
    """A block of a tensor in a file.

    Args:
        file: The number of the file.
        key: What the block is called there.
        offset: Where it begins in the whole tensor.
        shape: Its own shape.
    """

    file: int
    key: str
    offset: tuple[int, ...]
    shape: tuple[int, ...]


@final
@dataclass(frozen=True)
class Entry:
    """A tensor: its type and shape, and the blocks that make it up."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    blocks: tuple[Block, ...]


@final
class Stored(Mapping[str, Tensor]):
    """A version on disk as a mapping that reads what it is asked for, when it is asked.

    Args:
        folder: Where it lies.
        card: The facts that were saved with it.
        files: Its files.
        entries: Its tensors by path.
        degraded: Empty, or why the newest version could not be used and this one was taken.

    Attributes:
        taken: Bytes of tensors that were read so far.
    """

    def __init__(
        self,
        folder: Path,
        card: Mapping[str, JsonValue],
        *,
        files: Sequence[File],
        entries: Mapping[str, Entry],
        degraded: str = "",
    ) -> None:
        self.folder, self.card, self.files, self.degraded = folder, card, tuple(files), degraded
        self.taken = 0
        self._entries = entries
        self._open: dict[int, Any] = {}

    @classmethod
    def described(cls, path: Path) -> Stored:
        """Return the version that a card names; its files are not looked into, but for the header of a single one.

        Raises:
            StoreError: The card or the index is missing or damaged.
        """
        card = read_card(path)
        files, entries = _index(path.parent, card)
        return cls(path.parent, card, files=files, entries=entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, path: str) -> Tensor:
        shape = self._entries[path].shape
        return self.cut(path, (0,) * len(shape), shape)

    def shape(self, path: str) -> tuple[int, ...]:
        """Return the shape of a whole tensor; nothing is read."""
        return self._entries[path].shape

    def cut(self, path: str, offset: Sequence[int], shape: Sequence[int]) -> Tensor:
        """Read a block of a tensor: only the bytes of that block, from those files that have some of it.

        Raises:
            StoreError: A file is missing or damaged, or there are none for a part of the block.
        """
        entry, filled = self._entries[path], 0
        out = torch.empty(tuple(shape), dtype=entry.dtype)
        for block in entry.blocks:
            low = [max(pair) for pair in zip(offset, block.offset, strict=True)]
            ends = zip(offset, shape, block.offset, block.shape, strict=True)
            high = [min(a + n, b + m) for a, n, b, m in ends]
            if all(a < b for a, b in zip(low, high, strict=True)):
                found = self._taken(block, _within(low, high, block.offset))
                out[_within(low, high, offset)] = found
                filled += found.numel()
        if filled != prod(shape):
            raise StoreError(
                f"an index of {self.folder} with {filled} of the {prod(shape)} values of {path}",
                "all of them",
                "Go on from another checkpoint; this one was not written by this program.",
            )
        self.taken += out.numel() * out.element_size()
        return out

    def _taken(self, block: Block, where: tuple[slice, ...]) -> Tensor:
        file = self.files[block.file]
        try:
            if block.file not in self._open:
                self._open[block.file] = safe_open(self.folder / file.name, framework="pt")
            inside = self._open[block.file]
            found: Tensor = inside.get_slice(block.key)[where] if where else inside.get_tensor(block.key)
        except (OSError, SafetensorError) as error:
            raise StoreError(
                f"{self.folder / file.name}: {error}",
                "a file that stays while it is read",
                "Start the same command again.",
            ) from error
        return found


def read_card(path: Path) -> dict[str, JsonValue]:
    """Read a card.

    Raises:
        StoreError: It is missing, no card, or names what lies outside of its folder.
    """
    try:
        card: dict[str, JsonValue] = json.loads(path.read_text(encoding="utf-8"))
        name, _ = str(card["weights"]), str(card["sha256"])
        inside = Path(name).name == name and bool(name) and "\0" not in name
    except OSError as error:
        raise StoreError(f"{path.name}: {error.strerror or error}", EXPECTED, FALL_BACK) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path.name} is no card ({error})", EXPECTED, FALL_BACK) from error
    if not inside:
        raise StoreError(f"{path.name} names weights outside its folder", EXPECTED, FALL_BACK)
    return card


def fault_of(folder: Path, file: File, *, number: int = 0, count: int = 1) -> str:
    """Return what is wrong with a file, or nothing; its hash is taken without holding it in memory."""
    of = f" (file {number + 1} of {count})" if count > 1 else ""
    try:
        with (folder / file.name).open("rb") as blob:
            digest = hashlib.file_digest(blob, "sha256").hexdigest()
    except OSError as error:
        return f"{file.name}{of}: {error.strerror or error}"
    return "" if digest == file.sha256 else f"{file.name}{of} is damaged (its SHA-256 differs)"


def unseen(folder: Path, file: File) -> str:
    """Return what is wrong with a file as far as its size tells, or nothing."""
    try:
        size = (folder / file.name).stat().st_size
    except OSError as error:
        return f"{file.name}: {error.strerror or error}"
    return "" if size == file.size else f"{file.name} with {size} of {file.size} bytes"


def keep(folder: Path, digest: str) -> None:
    """Make the present version the last good one, if it is intact and not the one that is being saved.

    A single file is hashed. Of shards only the sizes are compared: to read all of them again at each save would cost
    one process what saving costs all of them.

    Raises:
        OSError: The disk refused.
    """
    try:
        stored = Stored.described(folder / CARD)
    except StoreError:
        return
    if stored.card["sha256"] == digest:
        return
    sharded = is_index(str(stored.card["weights"]))
    faults = [unseen(folder, f) if sharded else fault_of(folder, f) for f in stored.files]
    if not any(faults):
        write_atomically(folder / PREVIOUS, (folder / CARD).read_bytes())


def nothing_intact(folder: Path, faults: Sequence[str], *, action: str = "") -> StoreError:
    """Return the error of a folder none of whose versions can be used."""
    return StoreError(
        "; ".join(faults),
        f"an intact {CARD} and its weights in {folder}",
        action or "Install the package again or train anew; `agentic-diffusion doctor` lists what is intact.",
    )


def _within(low: Sequence[int], high: Sequence[int], origin: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(a - o, b - o) for a, b, o in zip(low, high, origin, strict=True))


def _index(folder: Path, card: Mapping[str, JsonValue]) -> tuple[list[File], dict[str, Entry]]:
    name = str(card["weights"])
    try:
        if not is_index(name):
            return [File(name, str(card["sha256"]), (folder / name).stat().st_size)], _header(folder / name)
        blob = (folder / name).read_bytes()
        if hashlib.sha256(blob).hexdigest() != card["sha256"]:
            raise StoreError(f"{name} is damaged (its SHA-256 differs)", EXPECTED, FALL_BACK)
        index = json.loads(blob)
        files = [File(**file) for file in index["files"]]
        if any(Path(file.name).name != file.name for file in files):
            raise StoreError(f"{name} names files outside its folder", EXPECTED, FALL_BACK)
        return files, {path: _entry(told) for path, told in index["tensors"].items()}
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{name}: {error.strerror or error}", EXPECTED, FALL_BACK) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        kind = "index" if is_index(name) else "safetensors file"
        raise StoreError(f"{name} is no {kind} ({error})", EXPECTED, FALL_BACK) from error


def _header(path: Path) -> dict[str, Entry]:
    """Return the entries of a single file, each of one block; only the header is read, and nothing is mapped."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > LARGEST:
            raise ValueError(f"a header of {size} bytes")
        header = json.loads(file.read(size))
    entries = {}
    for key, told in header.items():
        if key != "__metadata__":
            shape = tuple(told["shape"])
            entries[key] = Entry(TYPES[told["dtype"]], shape, (Block(0, key, (0,) * len(shape), shape),))
    return entries


def _entry(told: Mapping[str, Any]) -> Entry:
    blocks = (Block(file, key, tuple(offset), tuple(shape)) for file, key, offset, shape in told["blocks"])
    return Entry(TYPES[told["dtype"]], tuple(told["shape"]), tuple(blocks))
