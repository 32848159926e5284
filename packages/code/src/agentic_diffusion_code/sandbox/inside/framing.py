"""Frames on a stream socket: four bytes of length, then that many bytes of JSON."""

from __future__ import annotations

import json
import os
from typing import Any

HEADER = 4
_encode = json.JSONEncoder(separators=(",", ":")).encode


def frame(message: Any) -> bytes:
    """Write one message."""
    body = _encode(message).encode()
    return len(body).to_bytes(HEADER, "big") + body


def write_all(fd: int, data: bytes) -> None:
    """Write everything to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def read_exactly(fd: int, size: int) -> bytes:
    """Read so many bytes from a blocking descriptor.

    Raises:
        EOFError: When the other side closed first.
    """
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise EOFError("the other side closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive(fd: int) -> Any:
    """Read one message from a blocking descriptor."""
    size = int.from_bytes(read_exactly(fd, HEADER), "big")
    return json.loads(read_exactly(fd, size))


def send(fd: int, message: Any) -> None:
    """Write one message to a blocking descriptor."""
    write_all(fd, frame(message))
