"""The command `bench tau2-telecom`: tickets of tau2-bench's telecom desk in solo mode, judged by its own assertions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.progress import bars
from agentic_diffusion_cli.shares import share

if TYPE_CHECKING:
    from agentic_diffusion_worlds.tau2 import Handled, Office
    from rich.progress import Progress

OURS = "ours"
SUPERVISED = "supervised"
PLANS = 2000
STEPS = 1500

NOTE = (
    "Solo mode, structured reading, the benchmark's own assertions; ours learned from the official training tickets "
    "and their plans. Published rows are language models that talk to a simulated customer and saw no training "
    "ticket: another protocol, so for orientation only."
)


def tau2_telecom(
    *,
    repo: Annotated[Path, typer.Option(help="A clone of sierra-research/tau2-bench.")],
    seeds: Annotated[int, typer.Option(min=1, help="Planners trained, seeds counted from 0.")] = 3,
    mode: Annotated[str, typer.Option(help="What is learned from: supervised or outcomes.")] = SUPERVISED,
    plans: Annotated[
        int | None, typer.Option(min=1, help=f"With outcomes: executed plans; {PLANS} by default.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help=f"Supervised: optimiser steps of each planner; {STEPS} by default."),
    ] = None,
    held: Annotated[
        int | None, typer.Option(min=0, help="Supervised: also so many tickets outside the official splits.")
    ] = None,
    test: Annotated[
        bool | None,
        typer.Option("--test/--no-test", help="Supervised: the official test tickets; by default."),
    ] = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Work on telecom tickets in the closed loop: ours, always transfer, do nothing, and chance."""
    from agentic_diffusion_cli.tau2_outcomes import OUTCOMES, curve

    if mode not in (SUPERVISED, OUTCOMES):
        raise InvalidConfigError(
            f"mode {mode!r}", f"{SUPERVISED!r} or {OUTCOMES!r}", "Name one of the two with --mode."
        )
    given = {"--plans": plans, "--steps": steps, "--held": held, "--test or --no-test": test}
    _meant(mode, {name for name, value in given.items() if value is not None})
    from agentic_diffusion_worlds.tau2 import Office, held_out, load

    office = Office(load(repo))
    if mode == OUTCOMES:
        with bars() as shown:
            learned = curve(office, seeds=seeds, plans=plans or PLANS, shown=shown)
        written(target, [{**each, "mode": mode, "seeds": seeds} for each in learned])
        show_curve(learned, to_stderr=target == "-")
        return
    steps = steps or STEPS
    exams = {} if test is False else {"test": office.splits["test"]}
    if test is False and not held:
        raise InvalidConfigError(
            "--no-test without --held", "tickets to work on", "Leave --no-test out, or add --held 100."
        )
    if held:
        exams["held out"] = held_out(office, held)
    found: dict[tuple[str, str], list[list[Handled]]] = {}
    with bars() as shown:
        for seed in range(seeds):
            for name, split, cases in examined(office, exams, seed=seed, steps=steps, shown=shown):
                found.setdefault((name, split), []).append(cases)
    made = [row(name, split, groups) for (name, split), groups in found.items()]
    written(target, [{**each, "mode": mode, "seeds": seeds, "steps": steps} for each in made])
    show(made, to_stderr=target == "-")


def _meant(mode: str, given: set[str]) -> None:
    """Refuse options that say nothing in a mode.

    Raises:
        InvalidConfigError: One was given.
    """
    other = given - {"--plans"} if mode != SUPERVISED else given & {"--plans"}
    if other:
        raise InvalidConfigError(
            f"--mode {mode} with {' and '.join(sorted(other))}",
            "--plans with outcomes; --steps, --held and --no-test with supervised",
            "Leave it out, or choose the other mode.",
        )


def written(target: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the figures, where there is a target."""
    if target:
        figures = {
            "bench": "tau2-telecom",
            "command": report.typed(),
            "version": version("agentic-diffusion-worlds"),
            "machine": machine.facts(),
            "rows": list(rows),
        }
        report.write_json(figures, target)


def examined(
    office: Office, exams: Mapping[str, Sequence[str]], *, seed: int, steps: int, shown: Progress
) -> Iterator[tuple[str, str, list[Handled]]]:
    """Train one planner and yield, for each driver and split, what became of each ticket."""
    from dataclasses import replace

    from agentic_diffusion_worlds.tau2 import (
        RECIPE,
        at_random,
        driven,
        handled,
        lessons,
        nothing,
        teach,
        transfer,
    )

    train = office.splits["train"]
    task = shown.add_task(f"seed {seed}: lessons", total=len(train), note="")
    known = []
    for each in lessons(office, train, seed=seed):
        known += each
        shown.update(task, advance=1)
    task = shown.add_task(f"seed {seed}: training", total=steps, note=f"{len(known)} lessons")
    stages = teach(known, recipe=replace(RECIPE, steps=steps), seed=seed)
    planner = next(stages)
    shown.update(task, advance=1)
    for planner in stages:  # noqa: B007  the last one is trained
        shown.update(task, advance=1)
    drivers = {
        OURS: driven(planner),
        "always transfer": transfer,
        "do nothing": nothing,
        "random": at_random,
    }
    for split, ids in exams.items():
        task = shown.add_task(f"seed {seed}: {split}", total=len(ids) * len(drivers), note="")
        for name, driver in drivers.items():
            cases = []
            for case in handled(office, ids, driver, seed=seed):
                cases.append(case)
                share = fmean(each.success for each in cases)
                shown.update(task, advance=1, note=f"{name} {100 * share:.0f} %")
            yield name, split, cases


def row(name: str, split: str, groups: Sequence[Sequence[Handled]]) -> dict[str, Any]:
    """Return the figures of one driver on one split; a group is what one seed came to, on the same tickets."""
    cases = [case for group in groups for case in group]
    return {
        "name": name,
        "split": split,
        "success": share(fmean(case.success for case in cases), len(groups[0])),
        "success_by_seed": [fmean(case.success for case in group) for group in groups],
        "calls": fmean(len(case.calls) for case in cases),
        "cpu_ms_p50": 1000 * median(case.seconds for case in cases),
        "missed": [
            {"seed": seed, "ticket": case.ticket, "issues": case.issues, "calls": list(case.calls)}
            for seed, group in enumerate(groups)
            for case in group
            if name == OURS and not case.success
        ],
    }


def show(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one line a row, and beneath them what others have published."""
    from agentic_diffusion_worlds.tau2 import PUBLISHED
    from rich.table import Table

    console = report.err() if to_stderr else report.out()
    table = Table(title="tau2-bench telecom: share of tickets solved", title_justify="left")
    for name in ("split", "driver"):
        table.add_column(name)
    for name in ("success", "95 %", "by seed", "tickets", "calls", "CPU ms p50"):
        table.add_column(name, justify="right")
    for each in rows:
        low, high = each["success"]["ci95"]
        table.add_row(
            each["split"],
            each["name"],
            f"{100 * each['success']['mean']:.1f} %",
            f"{100 * low:.1f} to {100 * high:.1f}",
            ", ".join(f"{100 * one:.1f}" for one in each["success_by_seed"]),
            str(each["success"]["n"]),
            f"{each['calls']:.1f}",
            f"{each['cpu_ms_p50']:.1f}",
            style="bold" if each["name"] == OURS else "",
        )
    for name, percent in PUBLISHED.items():
        table.add_row("base", f"published: {name}", f"{percent:.1f} %", *["–"] * 5, style="dim")
    console.print(table)
    console.print(NOTE)


def show_curve(rows: Sequence[Mapping[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one line an examination of what was learned from outcomes."""
    from rich.table import Table

    table = Table(title="tau2-bench telecom: learned from own outcomes", title_justify="left")
    for name in ("phase", "plans", "success", "95 %", "by seed", "solved"):
        table.add_column(name, justify="left" if name == "phase" else "right")
    for each in rows:
        shown = ("no planner yet", "–")
        if each["success"] is not None:
            low, high = each["success"]["ci95"]
            shown = (f"{100 * each['success']['mean']:.1f} %", f"{100 * low:.1f} to {100 * high:.1f}")
        table.add_row(
            each["phase"],
            str(each["plans"]),
            *shown,
            ", ".join("–" if one is None else f"{100 * one:.1f}" for one in each["success_by_seed"]),
            ", ".join(map(str, each["solved"])),
        )
    (report.err() if to_stderr else report.out()).print(table)
