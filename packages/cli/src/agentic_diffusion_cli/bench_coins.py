"""The command `bench coins`: planners of mazes take gold coins that they were never trained for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.evolve_coins import Practice, practise
from agentic_diffusion_cli.progress import bars

PUBLISHED = {
    "Diffuser": (10.1, 4.3, 7.7, 9.9),
    "TAT": (12.3, 9.3, 8.6, 23.1),
    "MCSS": (17.2, 25.0, 32.3, 57.5),
    "TDP": (39.8, 47.6, 74.7, 70.0),
}
"""Scores of the suites maze2d-medium, maze2d-large, multi2d-medium, multi2d-large as TDP's paper gives them."""

OURS, ADAPT, OURS_TWICE = "ours", "adaptdiffuser's recipe", "ours, evolved and looking twice"
OURS_CROSSED = "ours, evolved, looking twice and crossed"
ALL = "all"
RATE = 3e-4  # of AdaptDiffuser's recipe, which has one network for everything: a third of that of the first training


def coins(
    *,
    suite: Annotated[list[str] | None, typer.Option(help="A suite, or all; may be given again.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the noise, counted from 0.")] = 3,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Draw starts and goals from the seeds; else the published ones.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=0, help="Generations; 0 leaves out what evolves.")] = 2,
    tasks: Annotated[int, typer.Option(min=1, help="Coins to practise with in each generation.")] = 60,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps of each generation.")] = 2500,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates of a plan, in every row.")] = 256,
    tries: Annotated[int, typer.Option(min=1, help="Samplings where no candidate passes.")] = 2,
    plans: Annotated[int, typer.Option(min=1, help="Plans of one drive; with 1 it is open loop.")] = 1,
    seen: Annotated[
        int, typer.Option(min=0, help="Episodes of plain Maze2D, before and after; 0 leaves it out.")
    ] = 50,
    row: Annotated[
        list[str] | None, typer.Option(help="A row to drive; may be given again. All where left out.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Evolved planners and finished rows; taken up again.")] = Path(
        "out/coins"
    ),
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Take gold coins: unaware, one sample, best of many, reward gradient, zero-shot, evolved, and told how."""
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_worlds.maze.coins import SUITES

    wanted = suite or [ALL]
    names = [each.name for each in SUITES]
    if unknown := sorted(set(wanted) - {*names, ALL}):
        raise InvalidConfigError(
            f"suite {unknown[0]!r}", f"{', '.join(names)} or {ALL}", "Choose one of them."
        )
    chosen = [each for each in SUITES if ALL in wanted or each.name in wanted]
    from agentic_diffusion_cli.coins_beside import OLD

    compute = Compute(device="cpu", threads=threads)
    how = Practice(rounds=rounds, tasks=tasks, steps=steps)
    settings: dict[str, Any] = {"seeds": seeds, "fresh": fresh, "candidates": candidates}
    settings |= {"tries": tries, "plans": plans, "practice": asdict(how), "old": OLD}
    rows: list[dict[str, Any]] = []
    for each in chosen:
        rows += drive(each, how, out=out, settings=settings, compute=compute, only=row)
    rows += averages(rows)
    if seen and rounds and (not row or {OURS, OURS_TWICE, OURS_CROSSED} & set(row)):
        mazes = list({each.maze.name: each.maze for each in chosen}.values())
        rows += [forgetting(maze, out=out, episodes=seen, compute=compute) for maze in mazes]
    if target:
        figures = {
            "bench": "coins",
            "command": report.typed(),
            "version": version("agentic-diffusion-worlds"),
            "machine": machine.facts(compute.where),
            "rows": [{**row, **settings} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, seeds=seeds, fresh=fresh, to_stderr=target == "-")


def drive(
    suite: Any,
    how: Practice,
    *,
    out: Path,
    settings: Mapping[str, Any],
    compute: Any,
    only: Sequence[str] | None = None,
) -> list[Any]:
    """Evolve what is missing, drive the rows that are not in `out` yet, and return the rows of a suite.

    Raises:
        InvalidConfigError: A row is asked for that is not there.
    """
    from agentic_diffusion_worlds.maze.coinbench import CoinBench, coin_drivers, told
    from agentic_diffusion_worlds.maze.planner import load_planner

    from agentic_diffusion_cli.coins_beside import of_coins

    plain = load_planner(suite.maze, compute=compute)
    candidates = settings["candidates"]
    drivers = dict(coin_drivers(plain, candidates=candidates))
    if how.rounds:
        for name, folder, recipe in ((ADAPT, "adaptdiffuser", True), (OURS, "ours", False)):
            if only and name not in only and (recipe or not {OURS_TWICE, OURS_CROSSED} & set(only)):
                continue
            place = out / f"{folder}-{suite.maze.name}"
            _evolve(plain, suite.maze, how, place=place, adaptdiffuser=recipe)
            if recipe:
                alone = load_planner(suite.maze, place, compute=compute)
                drivers[name] = told(alone, candidates=candidates)
                continue
            network = evolved(plain, suite.maze, place, compute=compute)
            drivers[name] = of_coins(plain, network, candidates=candidates)
            drivers[OURS_TWICE] = of_coins(plain, network, candidates=candidates, twice=True)
            drivers[OURS_CROSSED] = of_coins(plain, network, candidates=candidates, twice=True, crossed=True)
    if unknown := sorted(set(only or ()) - set(drivers)):
        raise InvalidConfigError(f"row {unknown[0]!r}", ", ".join(drivers), "Choose some of these.")
    rows = []
    for name, driver in drivers.items():
        if only and name not in only:
            continue
        kept = out / "rows" / f"{suite.name}-{name}.json".replace(" ", "_").replace(",", "").replace("'", "")
        if kept.exists() and (row := json.loads(kept.read_text(encoding="utf-8")))["settings"] == settings:
            rows.append(row)
            continue
        bench = CoinBench(
            suite,
            {name: driver},
            seeds=range(settings["seeds"]),
            published=not settings["fresh"],
            tries=settings["tries"],
            most=settings["plans"],
        )
        _watched(bench.run(), f"{suite.name}: {name}")
        rows.append({**bench.rows[0], "settings": dict(settings)})
        report.write_json(rows[-1], str(kept))
    return rows


def _evolve(plain: Any, maze: Any, how: Practice, *, place: Path, adaptdiffuser: bool) -> None:
    with bars() as shown:
        task = shown.add_task(f"{maze.name}: {place.name}"[:26], total=how.rounds, note="evolving")
        if adaptdiffuser:
            how = replace(how, adaptdiffuser=True, learning_rate=RATE)
        for generation in practise(plain, maze, how, folder=place):
            shown.update(task, completed=generation["round"])


def _watched(ticks: Iterable[Any], name: str) -> None:
    with bars() as shown:
        task = None
        for tick in ticks:
            if task is None:
                task = shown.add_task(name[:26], total=tick.total, note="")
            shown.update(task, completed=tick.done)


def averages(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return for each driver the mean over the suites, seed by seed; nothing where there is one suite."""
    from agentic_diffusion_worlds.maze.score import summary

    names = list(dict.fromkeys(row["name"] for row in rows))
    parts = {name: [row["seed_means"] for row in rows if row["name"] == name] for name in names}
    if max(map(len, parts.values()), default=0) < 2:
        return []
    return [
        {"name": name, "suite": "average", "score": summary(means).to_json(), "seed_means": means}
        for name, part in parts.items()
        for means in [[sum(values) / len(values) for values in zip(*part, strict=True)]]
    ]


def evolved(plain: Any, maze: Any, place: Path, *, compute: Any) -> Any:
    """Return the network that evolution ended with: that of the plain planner where nothing was promoted."""
    from agentic_diffusion import store
    from agentic_diffusion_worlds.maze.planner import load_planner

    generations: Any = store.load(place).card.get("generations", ())
    if not any(generation["promoted"] for generation in generations):
        return plain.denoiser
    return load_planner(maze, place, compute=compute).denoiser


def forgetting(maze: Any, *, out: Path, episodes: int, compute: Any) -> dict[str, Any]:
    """Return plain Maze2D before and after evolution over the same starts and seeds, and the loss in percent.

    `after` and `loss_percent` are of the evolved planner as it is used, the network that it came from beside it;
    `alone_percent` is the loss of the new network alone.
    """
    from agentic_diffusion_worlds.maze.planner import load_planner
    from agentic_diffusion_worlds.maze.score import report as scored
    from agentic_diffusion_worlds.maze.score import starts, summary

    from agentic_diffusion_cli.coins_beside import PLANS, of_plain, plain_drives

    plain = load_planner(maze, compute=compute)
    network = evolved(plain, maze, out / f"ours-{maze.name}", compute=compute)
    drivers = {"before": plain, "after": of_plain(plain, network), "alone": replace(plain, denoiser=network)}
    first = [(starts(maze, seed=seed, count=1)[0], seed * PLANS) for seed in range(episodes)]
    scores: dict[str, list[float]] = {}
    for name, driver in drivers.items():
        scores[name] = []
        with bars() as shown:
            task = shown.add_task(f"{maze.name}: seen, {name}"[:26], total=episodes, note="")
            for episode in plain_drives(driver, maze, first):
                scores[name].append(scored(maze, [episode])["return"].mean)
                shown.update(task, completed=len(scores[name]))
    before = sum(scores["before"]) / episodes
    lost = {
        name: [100 * (a - b) / before for a, b in zip(scores["before"], scores[name], strict=True)]
        for name in ("after", "alone")
    }
    return {
        "name": OURS,
        "suite": f"seen: maze2d-{maze.name}",
        "before": summary(scores["before"]).to_json(),
        "after": summary(scores["after"]).to_json(),
        "loss_percent": summary(lost["after"]).to_json(),
        "alone_percent": summary(lost["alone"]).to_json(),
    }


def show(rows: Sequence[Mapping[str, Any]], *, seeds: int, fresh: bool, to_stderr: bool = False) -> None:
    """Print the table, what others have published, and what evolution cost and forgot."""
    from rich.table import Table
    from rich.text import Text

    console = report.err() if to_stderr else report.out()
    starts = "fresh starts and goals" if fresh else "the published starts and goals"
    table = Table(title=f"Gold coins, {seeds} seeds x 20 tasks, {starts}", title_justify="left")
    table.add_column("suite")
    table.add_column("driver", max_width=24)
    for name in ("score ± 95 %", "coin found", "goal reached", "samplings"):
        table.add_column(name, justify="right")
    coins = [row for row in rows if "score" in row]
    for suite in dict.fromkeys(row["suite"] for row in coins):
        for row in (row for row in coins if row["suite"] == suite):
            table.add_row(suite, row["name"], *_cells(row), style="bold" if row["name"] == OURS else "")
        table.add_section()
    console.print(table)
    for row in (row for row in rows if "loss_percent" in row):
        lost = report.interval(row["loss_percent"])
        told = (
            f"{row['suite']}: {report.interval(row['before'])} before, {report.interval(row['after'])} after"
        )
        alone = report.interval(row["alone_percent"])
        console.print(Text(f"{told}; loss {lost} %, of the new network alone {alone} %", "dim"))
    console.print(Text("Published, not run here (M single, L single, M multi, L multi):", "dim"))
    for name, scores in PUBLISHED.items():
        console.print(Text(f"  {name:<10} {' / '.join(map(str, scores))}, mean {sum(scores) / 4:.1f}", "dim"))


def _cells(row: Mapping[str, Any]) -> list[str]:
    shares = [f"{100 * row[key]['mean']:.0f} %" if key in row else "–" for key in ("found", "reached")]
    return [report.interval(row["score"]), *shares, f"{row['samplings']:.1f}" if "samplings" in row else "–"]
