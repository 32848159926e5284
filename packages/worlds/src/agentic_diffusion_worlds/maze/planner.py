"""Maze planners: the network of a maze, how it is made, saved and loaded, and the planner around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias, final

from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.quantise import quantise, restore
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.guidance import Guidance
from agentic_diffusion.denoising.nn.dit import TrajectoryDiT
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import ddim
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectories, Trajectory
from agentic_diffusion.planning.planner import Planner
from torch import Tensor

from agentic_diffusion_worlds.maze.atlas import ReadingDomain
from agentic_diffusion_worlds.maze.domain import FastestFree, MazeDomain, limits_of
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.physics import DT

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
SCHEDULE = Cosine()
STEPS = 3

MazePlanner: TypeAlias = Planner[Reach, Tensor, Gaussian, Trajectory]


@final
@dataclass(frozen=True)
class Design:
    """The shape of plans and of the network that makes them.

    Args:
        horizon: Moments in a plan.
        stride: Simulator steps from one moment to the next.
        width: Width of the transformer.
        depth: Blocks of the transformer.
        heads: Attention heads.
        patch: Moments that share one token.
        waves: Octaves of sines and cosines of each number that the network reads.
        reads: Cells of the map, without its border, that the network is told; 0 where it knows one maze only.
    """

    horizon: int
    stride: int
    width: int = 128
    depth: int = 4
    heads: int = 4
    patch: int = 8
    waves: int = 4
    reads: int = 0

    def trajectories(self, geometry: Geometry) -> Trajectories:
        """Return the domain of plans of this shape."""
        return Trajectories(
            self.horizon,
            limits_of(geometry),
            state_dim=4,
            seconds=self.stride * DT,
            tolerance=0.1,
        )

    def network(self) -> GaussianNet:
        """Return an untrained denoiser."""
        body = TrajectoryDiT(
            self.horizon,
            4,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            patch=self.patch,
            waves=self.waves,
            context_dim=self.reads,
        )
        return GaussianNet(body, SCHEDULE, target=PredictTruth())


def design_for(maze: Maze) -> Design:
    """Return a design whose horizon covers the longest drive in a maze, with a stride of about 16 steps.

    The way-point driver needs at most 28 steps a cell on the longest routes.
    """
    cells = maze.map.cells()
    longest = max(len(maze.map.path_cells(a, b)) for a in cells for b in maze.map.reachable(a))
    steps = 28 * longest
    horizon = 8 * max(2, round(steps / 132))
    return Design(horizon=horizon, stride=-(-steps // (horizon - 1)))


def assemble(
    maze: Maze,
    design: Design,
    *,
    denoiser: GaussianNet,
    steps: int = STEPS,
    count: int = 16,
    temperature: float = 1.0,
    guides: tuple[Guidance[Tensor, Gaussian], ...] = (),
    compute: Compute | None = None,
) -> MazePlanner:
    """Return the planner of a maze around a trained denoiser.

    Candidates are sampled without guidance unless guides are given; the fastest one that touches no wall is chosen.

    Args:
        maze: Where.
        design: The shape that the denoiser was trained for.
        denoiser: The trained network.
        steps: DDIM steps (Song et al. 2021, arXiv:2010.02502).
        count: Candidates, denoised in one batch.
        temperature: Scale of the first noise.
        guides: Tilt the belief.
        compute: Device and precision.
    """
    geometry = Geometry(maze.map)
    process = GaussianProcess(SCHEDULE, temperature=temperature)
    domain = MazeDomain(design.trajectories(geometry), geometry)
    return Planner(
        ReadingDomain(domain) if design.reads else domain,
        process,
        denoiser,
        verify=FastestFree(geometry),
        guides=guides,
        kernel=ddim(process),
        steps=steps,
        count=count,
        compute=compute or Compute(),
    )


def save_planner(
    folder: Path,
    design: Design,
    *,
    tensors: Mapping[str, Tensor],
    facts: Mapping[str, Any],
    eight_bits: bool = False,
) -> Path:
    """Save weights with their design and the facts of the card; returns the card's path.

    Args:
        folder: Where.
        design: The shape of plans and network.
        tensors: The weights.
        facts: What the card says beside it.
        eight_bits: Whether matrices are stored in eight bits instead of half precision.

    Raises:
        StoreError: The disk refused.
    """
    small = quantise(tensors) if eight_bits else tensors
    small = {name: value.half() if value.is_floating_point() else value for name, value in small.items()}
    return store.save(folder, small, {**facts, "kind": "maze planner", "design": asdict(design)})


def load_network(folder: Path) -> tuple[Design, GaussianNet, store.Bundle]:
    """Read a planner's design, network and bundle.

    Raises:
        StoreError: The folder holds no intact maze planner.
    """
    bundle = store.load(folder)
    try:
        design = Design(**bundle.card["design"])  # type: ignore[arg-type]
        network = design.network()
        network.load_state_dict(restore(bundle.tensors))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StoreError(
            f"{folder}: {str(error).splitlines()[0]}",
            "a maze planner of this version",
            "Train it anew with `agentic-diffusion train maze`.",
        ) from error
    return design, network.eval(), bundle


def one_step_folder(maze: Maze) -> Path:
    """Return where the planner of a maze that was distilled to one step ships, whether there is one or not."""
    return WEIGHTS / f"{maze.name}-one-step"


def load_planner(
    maze: Maze,
    folder: Path | None = None,
    *,
    steps: int | None = None,
    count: int = 16,
    one_step: bool = False,
    guides: tuple[Guidance[Tensor, Gaussian], ...] = (),
    compute: Compute | None = None,
) -> MazePlanner:
    """Return the trained planner of a maze, by default the one that ships with this package.

    Args:
        maze: Where.
        folder: A folder written by `save_planner`.
        steps: Denoising steps; as many as its card says where left out: one for a distilled planner, else 3.
        count: Candidates.
        one_step: Whether to take the planner that was distilled to one step, where no folder is given.
        guides: Tilt the belief.
        compute: Device and precision.

    Raises:
        StoreError: The planner is missing or damaged.
        InvalidConfigError: No planner ships for this maze and no folder is given; or a planner that was distilled to
            one step is asked for more.
    """
    place = folder or (one_step_folder(maze) if one_step else WEIGHTS / maze.name)
    if folder is None and not place.is_dir():
        folders = WEIGHTS.iterdir() if WEIGHTS.is_dir() else ()
        shipped = sorted(p.name for p in folders if p.is_dir())
        raise InvalidConfigError(
            f"maze {maze.name!r} without a folder",
            f"one of the mazes that ship with a planner: {', '.join(shipped) or 'none'}",
            "Train one with `agentic-diffusion train maze` and give its folder.",
        )
    design, network, bundle = load_network(place)
    only = 1 if bundle.card.get("one_step") else None
    if only is not None and steps not in (None, only):
        raise InvalidConfigError(
            f"steps={steps} for a planner that was distilled to one step", "1", "Leave `steps` out."
        )
    made = steps or only or STEPS
    return assemble(maze, design, denoiser=network, steps=made, count=count, guides=guides, compute=compute)
