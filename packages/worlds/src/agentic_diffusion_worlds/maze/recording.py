"""What a drive leaves behind: a recipe, its transitions, and both on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version as version_of
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from agentic_diffusion.errors import InvalidConfigError, StoreError
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from agentic_diffusion_worlds.maze.controller import D4RL_GAINS, Gains
from agentic_diffusion_worlds.maze.geometry import D4RL, Profile
from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM, UMAZE, Maze

VERSION = 1
SIZES = {UMAZE: 1_000_000, MEDIUM: 2_000_000, LARGE: 4_000_000}
"""Transitions of D4RL's data sets."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
TENSORS, CARD = "data.safetensors", "card.json"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what the data are.

    Args:
        maze: Where to drive.
        size: Transitions; by default the size of D4RL's set, one million for a maze of your own.
        seed: Root of all randomness.
        noise: Standard deviation of the noise added to each action before clipping; D4RL's noisy
            sets use 0.5.
        gains: Constants of the driver.
        profile: Frame and noise of the world.
    """

    maze: Maze
    size: int = 0
    seed: int = 0
    noise: float = 0.0
    gains: Gains = D4RL_GAINS
    profile: Profile = D4RL

    def __post_init__(self) -> None:
        if self.size < 0 or self.seed < 0 or not 0 <= self.noise < float("inf"):
            raise InvalidConfigError(
                f"size {self.size}, seed {self.seed}, noise {self.noise}",
                "none of them negative, the noise finite",
                "Correct the recipe.",
            )
        if not self.size:
            object.__setattr__(self, "size", SIZES.get(self.maze, 1_000_000))

    def card(self) -> dict[str, Any]:
        """The recipe as plain JSON values."""
        card = asdict(self)
        card["maze"]["map"] = list(self.maze.map.rows)
        plain: dict[str, Any] = json.loads(json.dumps(card))
        return plain


@dataclass(frozen=True, eq=False)
class MazeData:
    """Transitions in the order they were driven.

    Args:
        observations: States ``[x, y, vx, vy]`` before each action, ``(n, 4)``.
        actions: Forces as applied, after noise and clipping, ``(n, 2)``.
        goals: The target of the driver, ``(n, 2)``.
        episodes: Number of the target, counted from 0; the ball rolls on when it changes.
        chunks: Number of the chunk; the ball jumps when it changes, so no window may span two.
        timeouts: True on the last step of a target that was given up at the limit.
    """

    observations: Floats
    actions: Floats
    goals: Floats
    episodes: Ints
    chunks: Ints
    timeouts: NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = len(self.observations)
        shapes = [array.shape for array in self.arrays().values()]
        if shapes != [(n, 4), (n, 2), (n, 2), (n,), (n,), (n,)]:
            raise InvalidConfigError(
                f"arrays of shapes {shapes}",
                "(n, 4), (n, 2), (n, 2), (n,), (n,), (n,)",
                "Cut all arrays alike.",
            )

    def __len__(self) -> int:
        return len(self.observations)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def sha256(self) -> str:
        """Hash of the content: names, types, shapes and bytes."""
        digest = hashlib.sha256()
        for name, array in self.arrays().items():
            digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @classmethod
    def join(cls, parts: Sequence[MazeData]) -> MazeData:
        """Put chunks together in their order, numbering episodes through."""
        if not parts:
            raise InvalidConfigError("no chunks", "at least one", "Drive some steps first.")
        ends = accumulate(int(part.episodes[-1]) + 1 if len(part) else 0 for part in parts)
        shifts = [0, *ends][:-1]
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in parts[0].arrays()}
        joined["episodes"] = np.concatenate(
            [part.episodes + np.int32(shift) for part, shift in zip(parts, shifts, strict=True)]
        )
        return cls(**joined)


def save(data: MazeData, path: Path, *, recipe: Recipe) -> Path:
    """Write ``data.safetensors`` and ``card.json`` into a folder, each atomically.

    The card goes last and holds the hash, so a half-finished write is noticed by `load`.
    """
    path.mkdir(parents=True, exist_ok=True)
    card = {
        "format": "agentic-diffusion maze data",
        "version": VERSION,
        "sha256": data.sha256(),
        "transitions": len(data),
        "mujoco": version_of("mujoco"),
        "recipe": recipe.card(),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in data.arrays().items()}
    _replace(path / TENSORS, lambda temp: save_file(arrays, temp))
    text = json.dumps(card, indent=2, sort_keys=True) + "\n"
    _replace(path / CARD, lambda temp: temp.write_text(text, encoding="utf-8"))
    return path


def load(path: Path) -> tuple[MazeData, dict[str, Any]]:
    """Read data and card back and check the hash.

    Raises:
        StoreError: If a file is missing, unreadable, of another version or altered.
    """
    again = "Generate the data again with the recipe of its card."
    try:
        card: dict[str, Any] = json.loads((path / CARD).read_text(encoding="utf-8"))
        version, expected = card["version"], card["sha256"]
        data = MazeData(**load_file(path / TENSORS))
    except FileNotFoundError as error:
        raise StoreError(f"no file {error.filename}", f"{TENSORS} and {CARD}", again) from error
    except (
        OSError, ValueError, KeyError, TypeError, SafetensorError, InvalidConfigError
    ) as error:  # fmt: skip
        raise StoreError(f"{path}: {error}", "readable maze data", again) from error
    if version != VERSION:
        raise StoreError(f"{path} of version {version}", f"version {VERSION}", again)
    found = data.sha256()
    if found != expected:
        raise StoreError(f"{path} with hash {found[:12]}", f"hash {str(expected)[:12]}", again)
    return data, card


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there in one go."""
    temp = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temp)
        os.replace(temp, path)
    finally:
        temp.unlink(missing_ok=True)
