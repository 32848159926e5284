"""The command `demo`: a planner finds its way through a maze before your eyes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentic_diffusion_cli import report
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_cli.progress import bars

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute
    from rich.progress import Progress, TaskID

    from agentic_diffusion_cli.journey import Journey


def demo(
    *,
    size: Annotated[Size, typer.Option(help="The maze.")] = Size.large,
    drawing: Annotated[
        Path | None, typer.Option("--map", help="A maze of your own: '#', '.' and one 'G'; needs --planner.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for maze.gif and maze.png.")] = Path(),
    seed: Annotated[int, typer.Option(min=0, help="Start and noise.")] = 0,
    planner: Annotated[Path | None, typer.Option(help="Folder of a planner trained by you.")] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Watch a diffusion planner, running as a LangGraph node, plan and drive through a MuJoCo maze."""
    console = report.out()
    maze = maze_of(size, drawing)
    console.print(f"\n[bold]Agentic Diffusion[/]  maze {maze.name}, seed {seed}")
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    journey, gif, png = run(maze, planner, out=out, seed=seed, compute=compute)
    from agentic_diffusion_cli.summary import tell

    tell(console, journey, gif=gif, png=png)
    world = ["--size", size.value] if drawing is None else ["--map", str(drawing)]
    model = [] if planner is None else ["--planner", str(planner)]
    again = shlex.join(["agentic-diffusion", "demo", *world, *model, "--seed", str(seed + 1)])
    report.say_next(again, "starts elsewhere")


def run(
    maze: Any, planner: Path | None, *, out: Path, seed: int = 0, compute: Compute | None = None
) -> tuple[Journey, Path, Path]:
    """Travel once and write the pictures, with progress on stderr; return the journey and both files."""
    with bars() as shown:
        note = shown.add_task("Loading torch and planner", total=None, note="")
        from agentic_diffusion_worlds.maze.planner import load_planner

        from agentic_diffusion_cli.journey import travel
        from agentic_diffusion_cli.summary import film, still

        loaded = load_planner(maze, planner, compute=compute)
        shown.remove_task(note)
        journey = travel(maze, loaded, seed=seed, watch=watcher(shown))
        painting = shown.add_task("Writing maze.gif, maze.png", total=2, note="")
        out.mkdir(parents=True, exist_ok=True)
        png = still(journey, out / "maze.png")
        shown.advance(painting)
        gif = film(journey, out / "maze.gif")
        shown.advance(painting)
    return journey, gif, png


def watcher(shown: Progress) -> Callable[[Mapping[str, Any]], None]:
    """Return what turns the events of the graph's custom stream into bars: denoising and driving."""
    from langgraph_agentic_diffusion import PROGRESS

    tasks: dict[str, TaskID] = {}
    plans = 0

    def watch(event: Mapping[str, Any]) -> None:
        nonlocal plans
        if event["type"] == PROGRESS:
            plans += event["step"] == 1
            title, total = "Denoising", event["total"]
            note = f"plan {plans}, noise {event['time']:.2f}, {1e3 * event['seconds']:.0f} ms"
        else:
            title, total = "Driving in MuJoCo", event["limit"]
            note = f"{event['step'] / 100:.1f} s of the ball's time"
        if title not in tasks:
            tasks[title] = shown.add_task(title, total=total, note="")
        shown.update(tasks[title], completed=event["step"], total=total, note=note)

    return watch
