"""Model cards: one page made from the card.json beside all weights that ship; run it to write the page anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = "docs/models.md"
OPENING = """# Model cards

Everything that ships with weights, as its `card.json` tells it; `python tests/house/gates/cards.py` makes this page
from those files. Weights are safetensors, named by their content and checked against the SHA-256 of the card when they
are read. Scores were measured by the command that trained them, from starts that neither training nor benchmark has
seen; the benchmarks' own figures are in [Results](results.md).

"""

ABOUT: Mapping[str, Mapping[str, str]] = {
    "embedded coder": {
        "for": "functions of a few steps over numbers, texts, lists and tables, in Python and said in six other "
        "languages, from descriptions in the words of its corpus",
        "learned from": "programs and descriptions that the corpus of that commit generates from the seed; nobody "
        "else's code or text",
        "not for": "anything larger, other libraries, free prose: of HumanEval it solves about one problem in a "
        "hundred. What it returns without tests is parsed, not run",
        "score": "in [Results](results.md#the-coder)",
    },
    "maze planner": {
        "for": "drives of D4RL's ball through this one maze, whose walls judge every plan",
        "learned from": "drives of a way-point driver in the rebuilt world, made by `agentic-diffusion train data`",
        "not for": "other mazes, balls that answer otherwise (evolution adapts it to those), real vehicles",
    },
}
"""What a reader must know of each kind of weights, in words."""


def cards(root: Path) -> list[Path]:
    """Return the cards of all weights that ship."""
    found = [path for place in ("packages", "integrations") for path in (root / place).rglob("card.json")]
    return sorted(path for path in found if "src" in path.relative_to(root).parts)


def page(root: Path) -> str:
    """Return the page that the cards make."""
    parts = []
    for path in cards(root):
        card = json.loads(path.read_text(encoding="utf-8"))
        name = path.parent.relative_to(root / "packages").as_posix().split("/src/")[-1]
        rows = [f"| {key} | {value} |" for key, value in _facts(card).items()]
        parts.append("\n".join([f"## {name}", "", "| fact | value |", "|---|---|", *rows]))
    return OPENING + "\n\n".join(parts) + "\n"


def _facts(card: Mapping[str, Any]) -> dict[str, str]:
    hardware, about = card.get("hardware", {}), ABOUT.get(card.get("kind", ""), {})
    facts = {
        "what": card.get("kind"),
        **about,
        "command": f"`{card['command']}`" if "command" in card else None,
        "commit": f"`{card['commit'][:12]}`" + (" and changes" if card.get("dirty") else "")
        if "commit" in card
        else None,
        "data, SHA-256": f"`{data[:16]}`" if (data := card.get("data_sha256", card.get("data"))) else None,
        "parameters": f"{card['parameters']:,}" if "parameters" in card else None,
        "seed": card.get("seed"),
        "hardware": ", ".join(str(hardware[k]) for k in ("cpu", "device", "torch") if hardware.get(k)),
        "training": f"{card['seconds']:,.0f} s for the last {card['timed_steps']:,} steps"
        if {"seconds", "timed_steps"} <= card.keys()
        else None,
        "weights, SHA-256": f"`{card['sha256'][:16]}`" if "sha256" in card else None,
        "score": _score(card.get("score")) or about.get("score"),
    }
    return {name: str(value) for name, value in facts.items() if value not in (None, "")}


def _score(score: Any) -> str | None:
    """Return the measured figures of a score, each with its interval."""
    if not isinstance(score, Mapping):
        return None if score is None else str(score)
    told = []
    for name, value in score.items():
        if isinstance(value, Mapping) and {"mean", "ci95", "n"} <= value.keys():
            low, high = value["ci95"]
            told.append(f"{name} {value['mean']:.4g} ({low:.4g} to {high:.4g}, n = {value['n']})")
    return "; ".join(told) or None


def stale(root: Path) -> list[str]:
    """Return what the page does not say of the cards."""
    path = root / PAGE
    if path.exists() and path.read_text(encoding="utf-8") == page(root):
        return []
    return [f"{PAGE}:1: not what the cards say; write it with `python tests/house/gates/cards.py`"]


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[3]
    sys.exit(0 if (here / PAGE).write_text(page(here), encoding="utf-8") else 1)
