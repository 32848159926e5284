"""The telecom desk learned from own outcomes alone: success against executed plans, and a changed tool."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import TYPE_CHECKING, Any

from agentic_diffusion_cli.shares import share

if TYPE_CHECKING:
    from agentic_diffusion_worlds.tau2 import Office
    from rich.progress import Progress

OUTCOMES = "outcomes"
MARKS = (500, 1000, 2000, 3500, 5000)
"""Executed plans after which is examined."""

SWAPPED = ("toggle_airplane_mode", "toggle_roaming")
"""Two repairs that change places, to see how learning recovers."""

AGAIN = (0, 150, 300)
"""Executed plans after the change after which is examined."""


def swapped(call: str) -> str:
    """Let each of two calls do what the other one's name says."""
    return {SWAPPED[0]: SWAPPED[1], SWAPPED[1]: SWAPPED[0]}.get(call, call)


def curve(office: Office, *, seeds: int, plans: int, shown: Progress) -> list[dict[str, Any]]:
    """Return one row for each examination, with the shares of all seeds; none where a seed has no planner yet."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for seed in range(seeds):
        task = shown.add_task(f"seed {seed}: practice", total=plans, note="")
        for told in course(office, seed=seed, plans=plans):
            found.setdefault((told["phase"], told["plans"]), []).append(told)
            note = "no planner yet" if told["success"] is None else f"{100 * told['success']:.1f} %"
            shown.update(task, completed=told["plans"], note=f"{told['phase']}: {note}")
    made = []
    for (phase, count), group in found.items():
        shares = [told["success"] for told in group if told["success"] is not None]
        complete = len(shares) == len(group)
        made.append(
            {
                "name": "ours",
                "split": "base",
                "phase": phase,
                "plans": count,
                "success": share(fmean(shares), group[0]["tickets"]) if complete else None,
                "success_by_seed": [told["success"] for told in group],
                "solved": [told["solved"] for told in group],
                "spent": [told["spent"] for told in group],
                "cpu_seconds": [told["cpu_seconds"] for told in group],
                "changed": [told["changed"] for told in group],
            }
        )
    return made


def course(office: Office, *, seed: int, plans: int) -> Iterator[dict[str, Any]]:
    """Yield what one seed comes to: at the marks, and after two tools have changed places.

    `success` is None where no planner has been taught yet.
    """
    import time

    from agentic_diffusion_worlds.tau2 import SelfTaught, driven, handled, practice, same

    taught = SelfTaught(office, practice(office), seed=seed)
    spent = 0.0
    marks = [("learning", mark, same) for mark in (*(m for m in MARKS if m < plans), plans)]
    marks += [("two calls swapped", plans + more, swapped) for more in AGAIN]
    for phase, mark, twist in marks:
        began = time.process_time()
        taught.twist = twist
        taught.practise(mark)
        spent += time.process_time() - began
        success = None
        if taught.planner is not None:
            cases = handled(office, office.splits["base"], driven(taught.planner), seed=seed, twist=twist)
            success = fmean(case.success for case in cases)
        yield {
            "phase": phase,
            "plans": mark,
            "success": success,
            "tickets": len(office.splits["base"]),
            "solved": len(taught.solved),
            "spent": dict(taught.spent),
            "cpu_seconds": round(spent, 1),
            "changed": list(taught.changed),
        }
