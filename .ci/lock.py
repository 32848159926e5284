"""Write uv.lock in its registry-neutral form, or check that it has it (`--check`).

A registry-neutral lock keeps the name and version of every third-party package and says `source = { registry = "." }`; no
address of any index, no hash. uv reads the versions as preferences, resolves to exactly them and fills in the rest from
whatever index the user has configured.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "uv.lock"


def neutral(text: str) -> str:
    """Return the registry-neutral form of the lock file `text`."""
    lock = tomllib.loads(text)
    lines = [f"version = {lock['version']}"]
    if "revision" in lock:
        lines.append(f"revision = {lock['revision']}")
    lines.append(f'requires-python = "{lock["requires-python"]}"')
    markers = lock.get("resolution-markers", [])
    if markers:
        lines += ["resolution-markers = [", *(f'    "{m}",' for m in markers), "]"]
    for package in lock["package"]:
        source = package["source"]
        if "registry" not in source:
            continue  # members are read from their own pyproject.toml
        lines += [
            "",
            "[[package]]",
            f'name = "{package["name"]}"',
            f'version = "{package["version"]}"',
            'source = { registry = "." }',
        ]
        own = package.get("resolution-markers", [])
        if own:
            lines += ["resolution-markers = [", *(f'    "{m}",' for m in own), "]"]
    return "\n".join(lines) + "\n"


def problems(text: str) -> list[str]:
    """Return one sentence for each line of the lock that names an index, a file or a hash."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"https?://|file://|\burl\b|\bhash\b", line):
            found.append(f"uv.lock:{number}: {line.strip()[:100]}")
        elif "registry" in line and 'registry = "."' not in line:
            found.append(f"uv.lock:{number}: a registry is named: {line.strip()[:100]}")
    return found


def main(arguments: list[str]) -> int:
    """Rewrite the lock, or with `--check` report what stands in the way of committing it."""
    text = LOCK.read_text(encoding="utf-8")
    if "--check" in arguments:
        found = problems(text)
        print("\n".join([*found[:10], f"{len(found)} lines: run python .ci/lock.py"]) if found else "uv.lock is neutral")
        return 1 if found else 0
    LOCK.write_text(neutral(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
