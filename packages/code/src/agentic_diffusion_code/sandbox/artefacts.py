"""Brings files back from a scratch directory without ever following a link."""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress

from .base import Limits

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_MAX_DEPTH = 8


def confined(name: str) -> list[str] | None:
    """Split a relative path into plain parts; None when it could lead elsewhere."""
    parts = name.split("/")
    if len(parts) > _MAX_DEPTH or not all(_PART.fullmatch(part) for part in parts):
        return None
    return parts


def collect(scratch: int | None, names: Sequence[str], *, limits: Limits) -> dict[str, str]:
    """Read regular files beneath a directory as base64 text.

    Args:
        scratch: The directory, of a program that has already ended.
        names: Relative paths; those that are missing, no regular files or behind a link are left
            out, as is everything after `limits.output_bytes` in all.
        limits: The limits of the run.
    """
    found: dict[str, str] = {}
    left = limits.output_bytes
    if scratch is None:
        return found
    for name in names:
        data = _read(scratch, name, left)
        if data is not None:
            found[name] = base64.b64encode(data).decode("ascii")
            left -= len(data)
    return found


def _read(scratch: int, name: str, most: int) -> bytes | None:
    parts = confined(name)
    if parts is None:
        return None
    careful = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    where = os.dup(scratch)
    try:
        for part in parts[:-1]:
            inner = os.open(part, careful | os.O_DIRECTORY, dir_fd=where)
            os.close(where)
            where = inner
        fd = os.open(parts[-1], careful, dir_fd=where)
    except OSError:
        return None
    finally:
        with suppress(OSError):
            os.close(where)
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode) or info.st_size > most:
        os.close(fd)
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read(most)
