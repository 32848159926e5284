"""Facts about this machine and this code for cards and figures: no host, no user, no path."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

GIB = 2**30


def facts(where: torch.device | None = None) -> dict[str, Any]:
    """Return processor, cores, memory, system, Python, torch, and the device that computed.

    Args:
        where: The device; the processor when left out.
    """
    known = {
        "cpu": cpu(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(memory() / GIB, 1),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "torch": installed("torch"),
    }
    return known if where is None else {**known, "device": device_name(where)}


def cpu() -> str:
    """Return the model of the processor."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def memory() -> int:
    """Return the bytes of main memory, 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def installed(name: str) -> str:
    """Return the version of a distribution, or an empty string where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def device_name(where: torch.device) -> str:
    """Return the model of a device, or `cpu`."""
    if where.type == "cpu":
        return "cpu"
    import torch

    return str(torch.get_device_module(where).get_device_name(where))


def commit() -> dict[str, Any]:
    """Return the commit of the checkout that this code runs from, and whether it was changed since.

    Empty where this is no checkout: an installed wheel has no commit.
    """
    here = Path(__file__).resolve()
    head = _git(here.parent, "rev-parse", "HEAD")
    if not head or not _git(here.parent, "ls-files", here.name):
        return {}
    return {"commit": head, "dirty": bool(_git(here.parent, "status", "--porcelain", "--", ":/packages"))}


def _git(folder: Path, *words: str) -> str:
    program = shutil.which("git")
    if program is None:
        return ""
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [program, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
