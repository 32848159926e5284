"""Write uv.lock in its registry-neutral form, or check that it has it.

    python .ci/lock.py [--check] [FILE]

A registry-neutral lock keeps the name and version of every third-party package and says `source = { registry = "." }`;
no address of any index, no hash. uv reads the versions as preferences, resolves to exactly them and fills in the rest
from whatever index the user has configured. Every `uv sync` rewrites the working copy in full, so run this before a
commit; `-` as FILE reads standard input: `git show HEAD:uv.lock | python .ci/lock.py --check -` judges the last commit.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOP = {"version", "revision", "requires-python", "resolution-markers", "package"}
OWN = {"name", "version", "source", "resolution-markers"}
NEUTRAL = {"registry": "."}


def neutral(text: str) -> str:
    """Return the registry-neutral form of the lock file `text`."""
    lock = tomllib.loads(text)
    lines = [f"version = {lock['version']}"]
    if "revision" in lock:
        lines.append(f"revision = {lock['revision']}")
    lines += [f'requires-python = "{lock["requires-python"]}"', *_markers(lock)]
    for package in lock.get("package", []):
        source = package["source"]
        if "registry" not in source:
            continue  # members are read from their own pyproject.toml
        lines += [
            "",
            "[[package]]",
            f'name = "{package["name"]}"',
            f'version = "{package["version"]}"',
            'source = { registry = "." }',
            *_markers(package),
        ]
    return "\n".join(lines) + "\n"


def _markers(table: dict[str, Any]) -> list[str]:
    markers = table.get("resolution-markers", [])
    return ["resolution-markers = [", *(f'    "{marker}",' for marker in markers), "]"] if markers else []


def problems(text: str) -> Iterator[str]:
    """Yield one sentence for everything in the lock beyond names, versions and markers."""
    try:
        lock = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield f"not TOML: {error}"
        return
    for key in lock.keys() - TOP:
        yield f"[{key}] is not part of a neutral lock"
    for package in lock.get("package", []):
        name = f"{package.get('name')} {package.get('version')}"
        if package.get("source") != NEUTRAL:
            yield f"{name}: source = {package.get('source')}"
        for key in sorted(package.keys() - OWN):
            yield f"{name}: {key} = {str(package[key])[:100]}"


def main(arguments: list[str]) -> int:
    """Rewrite the lock, or with `--check` report what stands in the way of committing it."""
    names = [argument for argument in arguments if argument != "--check"]
    path = Path(names[0]) if names else ROOT / "uv.lock"
    text = sys.stdin.read() if path == Path("-") else path.read_text(encoding="utf-8")
    if "--check" in arguments:
        found = list(problems(text))
        more = [f"... and {len(found) - 10} more"] if len(found) > 10 else []
        print("\n".join([*found[:10], *more, "run python .ci/lock.py"]) if found else "uv.lock is neutral")
        return 1 if found else 0
    if path == Path("-"):
        sys.stdout.write(neutral(text))
    else:
        path.write_text(neutral(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
