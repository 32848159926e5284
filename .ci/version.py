"""Check that every member has the version given, and asks for its siblings in exactly that version."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def disagreements(root: Path, version: str) -> Iterator[str]:
    """Yield one sentence for each member or sibling pin that says another version."""
    paths = sorted([*root.glob("packages/*/pyproject.toml"), *root.glob("integrations/*/pyproject.toml")])
    members = {path: tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in paths}
    siblings = {project["name"] for project in members.values()}
    for path, project in members.items():
        place = path.relative_to(root)
        if project["version"] != version:
            yield f"{place}: version {project['version']}, not {version}"
        extras = project.get("optional-dependencies", {}).values()
        for need in [*project.get("dependencies", []), *(need for extra in extras for need in extra)]:
            name = re.split(r"[^\w.-]", need, maxsplit=1)[0]
            if name in siblings and not need.endswith(f"=={version}"):
                yield f"{place}: needs {need}, not =={version}"


def main(arguments: list[str]) -> int:
    """Report every disagreement with the version given, or with that of the workspace."""
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    found = list(disagreements(ROOT, arguments[0] if arguments else workspace))
    print("\n".join(found) or "all members agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
