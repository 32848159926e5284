"""Weights and a card as one: saved whole, read whole, and never a mixture of two versions."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from torch import Tensor

from agentic_diffusion.errors import StoreError
from agentic_diffusion.store.disk import (
    CARD,
    PREVIOUS,
    is_index,
    plain,
    pour,
    refused,
    sweep,
    write_atomically,
)
from agentic_diffusion.store.stored import (
    EXPECTED,
    FALL_BACK,
    Stored,
    fault_of,
    keep,
    nothing_intact,
    read_card,
)

log = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class Bundle:
    """What was read from a folder.

    Args:
        tensors: The weights by name.
        card: The facts that were saved with them.
        degraded: Empty, or why the newest version could not be used and the last good one was taken.
    """

    tensors: Mapping[str, Tensor]
    card: Mapping[str, JsonValue]
    degraded: str = ""


def save(folder: Path, tensors: Mapping[str, Tensor], card: Mapping[str, JsonValue]) -> Path:
    """Write weights and card so that a reader sees the old version or the new one, never a mixture.

    The weights file is named by its content; the card names the file and its SHA-256 and is replaced last. The
    version before stays beside it where it is intact. One writer at a time; readers may come at any time.

    Args:
        folder: Made if missing.
        tensors: Weights by name; those on a device are copied to the host one at a time.
        card: Plain facts: command, commit, data hash, hardware, seed, score.

    Returns:
        The path of the card.

    Raises:
        StoreError: The card is not plain JSON, or the disk refused; what was there before is untouched.
    """
    plain(card)  # before anything is written
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = pour(folder, tensors)
        keep(folder, file.sha256)
        text = plain({**card, "weights": file.name, "sha256": file.sha256})
        write_atomically(folder / CARD, text.encode())
        sweep(folder)
    except StoreError:
        raise
    except OSError as error:
        raise refused(error.strerror or str(error), folder) from error
    return folder / CARD


def load(folder: Path) -> Bundle:
    """Read the newest intact version, from one file or from shards.

    Raises:
        StoreError: Neither the newest version nor the one before it is intact.
    """
    faults = []
    for name in (CARD, PREVIOUS):
        try:
            bundle = _read(folder / name)
        except StoreError as error:
            faults.append(error.given)
            continue
        if faults:
            log.warning("%s: using the last good version: %s", folder, faults[0])
        return Bundle(bundle.tensors, bundle.card, "; ".join(faults))
    raise nothing_intact(folder, faults)


def _read(path: Path) -> Bundle:
    card = read_card(path)
    name, folder = str(card["weights"]), path.parent
    if is_index(name):
        stored = Stored.described(path)
        for number, file in enumerate(stored.files):
            if fault := fault_of(folder, file, number=number, count=len(stored.files)):
                raise StoreError(fault, EXPECTED, FALL_BACK)
        return Bundle({path: stored[path] for path in stored}, card)
    try:
        blob = (folder / name).read_bytes()
    except OSError as error:
        raise StoreError(f"{path.name}: {error.strerror or error}", EXPECTED, FALL_BACK) from error
    if hashlib.sha256(blob).hexdigest() != card["sha256"]:
        raise StoreError(f"{name} is damaged (its SHA-256 differs)", EXPECTED, FALL_BACK)
    try:
        return Bundle(read_tensors(blob), card)
    except SafetensorError as error:
        raise StoreError(f"{name} is no safetensors file ({error})", EXPECTED, FALL_BACK) from error
