"""The command `serve`: planners as an MCP server, for hosts that start it or on this machine's own port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, final

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

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute
    from agentic_diffusion.records import Outcome
    from agentic_diffusion_evolve import Memory

TOGETHER = 16
"""Drives that are planned for in one batch."""

ABOUT = (
    "Plan a drive through the maze '{name}' by denoising trajectories. The request has start [x, y, vx, vy] and "
    "goal [x, y, vx, vy] (None leaves a number open), in units of one corridor's width; rest is a velocity of 0. "
    "The value is a trajectory of states. Free cells have the centres {cells}."
)
ABOUT_CODE = (
    "Write one function from a description and examples such as 'f(2) == 4'. It is run in a sandbox; value.source is "
    "only there when it passes every example, otherwise value is null and evidence.reasons says why."
)


def serve(
    *,
    size: Annotated[Size, typer.Option(help="The maze that is planned for.")] = Size.large,
    planner: Annotated[Path | None, typer.Option(help="Folder of a planner trained by you.")] = None,
    memory: Annotated[Path | None, typer.Option(help="File that reported outcomes are kept in.")] = None,
    trust: Annotated[float, typer.Option(min=0.0, max=1.0, help="How far reports are believed.")] = 0.5,
    http: Annotated[
        bool, typer.Option("--http", help="Serve on a port instead of stdin and stdout.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where to listen with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen with --http.")] = 8765,
    remote: Annotated[bool, typer.Option("--remote", help="Allow an address that others can reach.")] = False,
    seconds: Annotated[float, typer.Option(min=0.001, help="Longest time of one plan.")] = 60.0,
    code: Annotated[
        bool, typer.Option("--code", help="Write functions too: the tool generate_code.")
    ] = False,
    weights: Annotated[
        Path | None, typer.Option(help="Folder of `train code`, for --code; shipped ones by default.")
    ] = None,
    proven: Annotated[
        Path | None, typer.Option(help="File that --code keeps proven programs in, and begins from.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Serve planners over MCP: plan, generate_code, report_outcome and explain_plan for any agent."""
    from agentic_diffusion_mcp import Organ, ServerLimits, create_server
    from agentic_diffusion_mcp import serve as run
    from agentic_diffusion_mcp.limits import check_host

    if http:
        check_host(host, remote=remote)
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    limits = ServerLimits(plan_seconds=seconds)
    with _learner(memory) as learner, ExitStack() as open_:
        from agentic_diffusion.planning.batcher import Batcher
        from agentic_diffusion.planning.domains.trajectory import Reach

        maze, drives = _drives(size, planner, compute)
        cells = "; ".join(f"({x:g}, {y:g})" for x, y in _centres(maze))
        about = ABOUT.format(name=maze.name, cells=cells)
        organ = Organ(
            "plan",
            Batcher(drives, most=TOGETHER),
            request=Reach,
            about=about,
            learner=learner,
            trust=trust,
            at_once=TOGETHER,
        )
        organs = [organ]
        if code:
            organs.append(open_.enter_context(_writes(weights, proven, trust=trust, compute=compute)))
        server = create_server(organs, limits=limits)
        if http:
            report.err().print(f"http://{host}:{port}/mcp", highlight=False)
            run(server, transport="streamable-http", host=host, port=port, remote=remote, limits=limits)
        else:
            run(server)


@contextmanager
def _writes(weights: Path | None, proven: Path | None, *, trust: float, compute: Compute) -> Iterator[Any]:
    """Open the organ that writes functions; what the tests say and what clients report goes into its memory."""
    from dataclasses import replace

    from agentic_diffusion_code.asking import CodeAsk
    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.proven import Proven
    from agentic_diffusion_code.sandbox import ProcessSandbox
    from agentic_diffusion_mcp import Organ

    memory = Proven(proven)
    with ProcessSandbox() as sandbox:
        coder = load_coder(weights, sandbox=sandbox, compute=compute)
        coder = replace(coder, memory=memory, learns=memory)
        yield Organ(
            "generate_code",
            coder,
            request=CodeAsk,
            about=ABOUT_CODE,
            learner=memory,
            trust=trust,
            withhold=True,
            to_request=CodeAsk.request,
        )


def _drives(size: Size, folder: Path | None, compute: Compute) -> tuple[Any, Any]:
    from agentic_diffusion_worlds.maze.planner import load_planner

    maze = maze_of(size)
    return maze, load_planner(maze, folder, compute=compute)


def _centres(maze: Any) -> list[tuple[float, float]]:
    from agentic_diffusion_worlds.maze.geometry import D4RL, Geometry

    geometry = Geometry(maze.map, D4RL)
    centres = (geometry.cell_to_xy(cell) for cell in maze.map.cells())
    return [(float(x), float(y)) for x, y in centres]


@final
class Keeper:
    """A learner that keeps what it is told in a memory, for `evolve` to learn from."""

    def __init__(self, memory: Memory[Any, Any]) -> None:
        self.memory = memory

    def learn(self, outcome: Outcome[Any, Any]) -> None:
        """Keep one outcome."""
        self.memory.add(outcome)


@contextmanager
def _learner(file: Path | None) -> Iterator[Keeper | None]:
    """Open the memory that outcomes are kept in, where one was asked for."""
    if file is None:
        yield None
        return
    from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
    from agentic_diffusion_evolve import SqliteMemory

    memory: SqliteMemory[Reach, Trajectory] = SqliteMemory(file, Reach, Trajectory)
    try:
        yield Keeper(memory)
    finally:
        memory.close()
