"""Puts a helper into bubblewrap as well, where it is installed and asked for: one more wall around all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from .base import SandboxError


def wrap(command: Sequence[str], *, readable: Sequence[str]) -> list[str]:
    """Put bubblewrap in front of a command.

    Args:
        command: What is to be started inside.
        readable: Directories and files that it may read; all others are not there.

    Raises:
        SandboxError: When bubblewrap is not installed.
    """
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxError(
            "a wish for bubblewrap", "bwrap on the PATH", "Install bubblewrap or do not ask for it."
        )
    mounts: list[str] = []
    for path in dict.fromkeys(readable):
        if os.path.islink(path):
            mounts += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            mounts += ["--ro-bind", path, path]
    walls = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    # So that our own room can be made inside; everything is dropped again before a program arrives.
    rights = ["--cap-add", "ALL"] if os.getuid() == 0 else []
    return [found, *walls, *rights, *mounts, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *command]  # noqa: S108
