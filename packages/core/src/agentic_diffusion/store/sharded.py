"""A version in shards: each process of a team writes what it holds, and reads no more than it needs."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from torch import Tensor

from agentic_diffusion.compute.distributed import ALONE, Piece, Team
from agentic_diffusion.errors import StoreError
from agentic_diffusion.store.disk import (
    CARD,
    NAMES,
    PREVIOUS,
    File,
    plain,
    pour,
    refused,
    sweep,
    write_atomically,
)
from agentic_diffusion.store.stored import EXPECTED, FALL_BACK, Stored, fault_of, keep, nothing_intact, unseen

log = logging.getLogger(__name__)


def save_shards(
    folder: Path, pieces: Sequence[Piece], card: Mapping[str, JsonValue], *, team: Team = ALONE
) -> Path:
    """Write what each process holds as a file of its own, so that a reader sees the old version or the new one.

    Each file is named by its content, complete and settled on the disk before the first process writes an index of
    all blocks and their files' hashes, and replaces the card, last. Whatever ends before that, by a fault, a kill or
    a power cut, leaves the version before as it was; what it wrote is swept away by the next save. No process holds
    more of it on the host than one piece. All processes of the team must ask.

    Args:
        folder: One that all processes see; made if missing.
        pieces: What this process holds of each tensor; see `Training.pieces`.
        card: Plain facts; those of the first process are written.
        team: The processes.

    Returns:
        The path of the card.

    Raises:
        StoreError: The disk of one of them refused; all of them raise it, and the version before is untouched.
        WorkerError: Another process is gone.
    """
    plain(card)
    _each(team, folder, lambda: _begin(folder) if team.leads else None)
    try:
        told = _each(team, folder, lambda: _written(folder, pieces))
        _each(team, folder, lambda: _publish(folder, told, card) if team.leads else None)
    except StoreError:
        if team.leads:
            with suppress(OSError):
                sweep(folder)
        raise
    return folder / CARD


def opened(folder: Path, *, team: Team = ALONE) -> Stored:
    """Return the newest intact version, whole or in shards, of which nothing is read before it is asked for.

    Each file is hashed by one of the processes. All processes of the team must ask, and all take the same version.

    Raises:
        StoreError: Neither the newest version nor the one before it is intact.
        WorkerError: Another process is gone.
    """
    faults: list[str] = []
    for name in (CARD, PREVIOUS):
        try:
            stored = _described(folder / name, team)
        except StoreError as error:
            faults.append(error.given)
            continue
        if faults:
            stored.degraded = "; ".join(faults)
            if team.leads:
                log.warning("%s: using the last good version: %s", folder, faults[0])
        return stored
    action = f"Copy what is named back from where it is intact, or remove {folder} to begin anew."
    raise nothing_intact(folder, faults, action=action)


def _described(path: Path, team: Team) -> Stored:
    """Return the version that a card names, if every process finds it and its files are intact."""

    def look() -> tuple[Stored | None, dict[str, str]]:
        try:
            stored = Stored.described(path)
        except StoreError as error:
            return None, {"fault": error.given}
        count = len(stored.files)
        mine = [number for number in range(count) if number % team.size == team.rank]
        faults = [fault_of(path.parent, stored.files[n], number=n, count=count) for n in mine]
        return stored, {"fault": next(filter(None, faults), ""), "version": str(stored.card["sha256"])}

    stored, told = look()
    heard = [json.loads(text) for text in team.heard(json.dumps(told))]
    fault = next((each["fault"] for each in heard if each["fault"]), "")
    if not fault and len({each["version"] for each in heard}) > 1:
        fault = f"{path.name} is not the same for all processes"
    if fault or stored is None:
        raise StoreError(fault, EXPECTED, FALL_BACK)
    return stored


def _each(team: Team, folder: Path, act: Callable[[], JsonValue]) -> list[Any]:
    """Act in every process, and return what each came to; where one fails, all do.

    Raises:
        StoreError: The disk of a process refused.
    """
    told: dict[str, JsonValue] = {}
    cause: OSError | None = None
    try:
        told["done"] = act()
    except OSError as error:
        cause = error
        told["fault"] = error.given if isinstance(error, StoreError) else error.strerror or str(error)
    heard = [json.loads(text) for text in team.heard(json.dumps(told))]
    for rank, each in enumerate(heard):
        if "fault" in each:
            who = f" (process {rank} of {team.size})" if team.size > 1 else ""
            raise refused(f"{each['fault']}{who}", folder) from cause
    return [each["done"] for each in heard]


def _begin(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)


def _written(folder: Path, pieces: Sequence[Piece]) -> JsonValue:
    """Write this process's file; return its name, hash and blocks."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder that this process sees")
    values: dict[str, Tensor] = {}
    keys: list[str] = []
    for piece in pieces:
        key = piece.path
        while key in values:  # a second block of the same tensor
            key += "+"
        values[key] = piece.value
        keys.append(key)
    if not values:
        return None
    file = asdict(pour(folder, values))  # which refuses types that cannot be stored
    blocks: list[JsonValue] = []
    for key, piece in zip(keys, pieces, strict=True):
        blocks.append(
            {
                "path": piece.path,
                "dtype": NAMES[piece.value.dtype],
                "shape": list(piece.shape),
                "block": [key, list(piece.offset), list(piece.value.shape)],
            }
        )
    return {"file": file, "blocks": blocks}


def _publish(folder: Path, told: Sequence[Any], card: Mapping[str, JsonValue]) -> None:
    """Write the index, keep the present version as the last good one, and replace the card."""
    written = [each for each in told if each is not None]
    files = [each["file"] for each in written]
    tensors: dict[str, Any] = {}
    for number, each in enumerate(written):
        if fault := unseen(folder, File(**each["file"])):
            raise StoreError(fault, "a folder that all processes see", "Choose another folder.")
        for told_ in each["blocks"]:
            entry = tensors.setdefault(
                told_["path"], {"dtype": told_["dtype"], "shape": told_["shape"], "blocks": []}
            )
            entry["blocks"].append([number, *told_["block"]])
    blob = json.dumps({"files": files, "tensors": tensors}, separators=(",", ":")).encode()
    digest = hashlib.sha256(blob).hexdigest()
    name = f"{digest[:16]}.index.json"
    write_atomically(folder / name, blob)
    keep(folder, digest)
    facts = {**card, "weights": name, "sha256": digest, "shards": len(files)}
    write_atomically(folder / CARD, plain(facts).encode())
    sweep(folder)
