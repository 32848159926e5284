"""What ruff says about a Python program: findings as plain data."""

from __future__ import annotations

import json
import logging
import subprocess
from functools import cache
from pathlib import Path
from typing import final

from agentic_diffusion.errors import MissingExtraError
from agentic_diffusion.records import Record

log = logging.getLogger(__name__)
SECONDS = 10.0


@final
class Finding(Record):
    """One thing that ruff found.

    Args:
        code: The rule, such as `F841`; `E999` where the program cannot be parsed.
        message: What is wrong.
        line: Where, counted from 1.
    """

    code: str
    message: str
    line: int


@cache
def ruff() -> Path:
    """Return where ruff is installed.

    Raises:
        MissingExtraError: It is not.
    """
    try:
        from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError(
            "no ruff", "the package ruff", "Install it with `pip install ruff`, or go without lint."
        ) from error
    return Path(find_ruff_bin())


def lint(source: str) -> tuple[Finding, ...]:
    """Return what ruff finds in a Python program with its default rules and no project's settings.

    Raises:
        MissingExtraError: Ruff is not installed.
    """
    said = _run(source, "check", "--output-format", "json")
    return tuple(
        Finding(
            code=str(each.get("code") or "E999"),
            message=str(each["message"]),
            line=int(each["location"]["row"]),
        )
        for each in json.loads(said or "[]")
    )


def tidied(source: str, *, unsafe: bool = False) -> str:
    """Return a Python program with ruff's own corrections of what it finds; the same one where it knows none.

    Args:
        source: The program.
        unsafe: Whether corrections count of which ruff says that they may change what a program does: for programs
            that tests judge afterwards.

    Raises:
        MissingExtraError: Ruff is not installed.
    """
    return _run(source, "check", "--fix-only", *["--unsafe-fixes"] * unsafe) or source


def _run(source: str, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - the program is ruff, its input is text on stdin
        [str(ruff()), *words, "--isolated", "--no-cache", "--quiet", "-"],
        input=source,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout
