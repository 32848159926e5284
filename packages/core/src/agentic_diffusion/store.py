"""Weights and a card on disk: atomic, hashed, and with the last good version kept."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final

from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor

from agentic_diffusion.errors import StoreError

log = logging.getLogger(__name__)

CARD, PREVIOUS = "card.json", "card.previous.json"


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
        tensors: Weights by name.
        card: Plain facts: command, commit, data hash, hardware, seed, score.

    Returns:
        The path of the card.

    Raises:
        StoreError: The card is not plain JSON, or the disk refused; what was there before is untouched.
    """
    blob = write_tensors({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()})
    digest = hashlib.sha256(blob).hexdigest()
    name = f"{digest[:16]}.safetensors"
    try:
        facts = {**card, "weights": name, "sha256": digest}
        text = json.dumps(facts, indent=2, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"a card that is not plain JSON ({error})",
            "text, finite numbers, booleans, None, lists and mappings",
            "Turn the odd one out into text.",
        ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, blob)
        _keep(folder, digest)
        write_atomically(folder / CARD, (text + "\n").encode())
        _sweep(folder)
    except OSError as error:
        raise StoreError(
            f"{error.strerror or error} while writing {folder}",
            "a folder that can be written and room on the disk",
            "Free space or choose another folder; the version saved before is untouched.",
        ) from error
    return folder / CARD


def write_atomically(path: Path, blob: bytes) -> None:
    """Write a file so that it has its old content or the new one, also after a crash.

    Raises:
        OSError: The disk refused; the old file is untouched.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _keep(folder: Path, digest: str) -> None:
    """Make the present version the last good one, if it is intact and not the one that is being saved."""
    try:
        present = _read(folder / CARD)
    except StoreError:
        return
    if present.card["sha256"] != digest:
        write_atomically(folder / PREVIOUS, (folder / CARD).read_bytes())


def _sweep(folder: Path) -> None:
    """Remove weights that neither the card nor the one before it names, and what crashed writers left."""
    named = set()
    for card in (CARD, PREVIOUS):
        with suppress(OSError, ValueError, KeyError, TypeError):
            named.add(json.loads((folder / card).read_text(encoding="utf-8"))["weights"])
    for file in (*folder.glob("*.safetensors"), *folder.glob(".*.part")):
        if file.name not in named:
            file.unlink(missing_ok=True)


def load(folder: Path) -> Bundle:
    """Read the newest intact version.

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
    raise StoreError(
        "; ".join(faults),
        f"an intact {CARD} and its weights in {folder}",
        "Install the package again or train anew; `agentic-diffusion doctor` lists what is intact.",
    )


def _read(path: Path) -> Bundle:
    expected, action = "an intact card and weights", "Fall back to another version."
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        name, digest = str(card["weights"]), str(card["sha256"])
        inside = Path(name).name == name
        blob = (path.parent / name).read_bytes() if inside else b""
    except OSError as error:
        raise StoreError(f"{path.name}: {error.strerror or error}", expected, action) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path.name} is no card ({error})", expected, action) from error
    if not inside:
        raise StoreError(f"{path.name} names weights outside its folder", expected, action)
    if hashlib.sha256(blob).hexdigest() != digest:
        raise StoreError(f"{name} is damaged (its SHA-256 differs)", expected, action)
    try:
        return Bundle(read_tensors(blob), card)
    except SafetensorError as error:
        raise StoreError(f"{name} is no safetensors file ({error})", expected, action) from error
