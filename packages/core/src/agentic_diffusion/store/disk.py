"""Files that have their old content or the new one, whatever happens while they are written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO, final

import torch
from pydantic import JsonValue
from torch import Tensor

from agentic_diffusion.errors import StoreError

CARD, PREVIOUS = "card.json", "card.previous.json"
TYPES = {
    "U64": torch.uint64,
    "I64": torch.int64,
    "F64": torch.float64,
    "C64": torch.complex64,
    "F32": torch.float32,
    "U32": torch.uint32,
    "I32": torch.int32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "U16": torch.uint16,
    "I16": torch.int16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""What safetensors calls the types, in the order in which it writes them, so that every tensor lies aligned."""
NAMES = {kind: name for name, kind in TYPES.items()}


@final
@dataclass(frozen=True)
class File:
    """A file of tensors.

    Args:
        name: Its name, from its content.
        sha256: Of all of it.
        size: In bytes.
    """

    name: str
    sha256: str
    size: int


def write_atomically(path: Path, blob: bytes) -> None:
    """Write a file so that it has its old content or the new one, also after a crash.

    Raises:
        OSError: The disk refused; the old file is untouched.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(blob)
            _settle(file)
        _move(part, path)
    finally:
        part.unlink(missing_ok=True)


def pour(folder: Path, tensors: Mapping[str, Tensor]) -> File:
    """Write tensors as one safetensors file that is named by its content.

    They are copied to the host one at a time, so that this takes no more memory than the largest of them.

    Raises:
        OSError: The disk refused; nothing is left behind.
    """
    part, digest = folder / f".{token_hex(8)}.part", hashlib.sha256()
    try:
        with part.open("wb") as file:
            for chunk in _chunks(tensors):
                file.write(chunk)
                digest.update(chunk)
            size = file.tell()
            _settle(file)
        name = f"{digest.hexdigest()[:16]}.safetensors"
        _move(part, folder / name)
    finally:
        part.unlink(missing_ok=True)
    return File(name, digest.hexdigest(), size)


def _chunks(tensors: Mapping[str, Tensor]) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a safetensors file: the length of the header, the header, each tensor."""
    if odd := {value.dtype for value in tensors.values()} - NAMES.keys():
        raise StoreError(
            f"tensors of {', '.join(map(str, odd))}", f"one of {', '.join(TYPES)}", "Convert them first."
        )
    order, header, at = list(TYPES.values()), {}, 0
    names = sorted(tensors, key=lambda name: (order.index(tensors[name].dtype), name))
    for name in names:
        value = tensors[name]
        end = at + value.numel() * value.element_size()
        header[name] = {"dtype": NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for name in names:
        flat = tensors[name].detach().to("cpu").contiguous().reshape(-1)
        yield flat.view(torch.uint8).numpy().data


def _settle(file: IO[bytes]) -> None:
    """Wait until the disk has what was written."""
    file.flush()
    os.fsync(file.fileno())


def _move(part: Path, path: Path) -> None:
    """Give a settled file its name, and wait until the disk has the name too."""
    os.replace(part, path)
    if os.name == "posix":  # elsewhere folders cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def plain(card: Mapping[str, JsonValue]) -> str:
    """Return a card as text.

    Raises:
        StoreError: It is not plain JSON.
    """
    try:
        return json.dumps(card, indent=2, sort_keys=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"a card that is not plain JSON ({error})",
            "text, finite numbers, booleans, None, lists and mappings",
            "Turn the odd one out into text.",
        ) from error


def refused(said: str, folder: Path) -> StoreError:
    """Return the error of a disk that did not take a new version."""
    return StoreError(
        f"{said} while writing {folder}",
        "a folder that can be written and room on the disk",
        "Free space or choose another folder; the version saved before is untouched.",
    )


def sweep(folder: Path) -> None:
    """Remove what neither the card nor the one before it names, and what crashed writers left."""
    named = {CARD, PREVIOUS}
    for card in (CARD, PREVIOUS):
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            named |= named_by(folder, json.loads((folder / card).read_text(encoding="utf-8")))
    for file in (*folder.glob("*.safetensors"), *folder.glob("*.index.json"), *folder.glob(".*.part")):
        if file.name not in named:
            file.unlink(missing_ok=True)


def named_by(folder: Path, card: Mapping[str, JsonValue]) -> set[str]:
    """Return the names of the files of a version."""
    name = str(card["weights"])
    if not is_index(name):
        return {name}
    index = json.loads((folder / name).read_text(encoding="utf-8"))
    return {name, *(str(file["name"]) for file in index["files"])}


def is_index(name: str) -> bool:
    """Whether a card names an index of shards, and no weights."""
    return name.endswith(".index.json")
