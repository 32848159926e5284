"""Coins as a domain: the coin is passed at another moment in each candidate, and judged by how near the drive comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.guidance import Guidance
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import ddim, returning
from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Limits, Trajectory
from agentic_diffusion.planning.planner import Planner
from jaxtyping import Float
from torch import Tensor

from agentic_diffusion_worlds.maze.coinjudge import NearestFree
from agentic_diffusion_worlds.maze.coins import CoinTask
from agentic_diffusion_worlds.maze.domain import MazeDomain, reach
from agentic_diffusion_worlds.maze.planner import MazePlanner

CoinPlanner: TypeAlias = Planner[CoinTask, Tensor, Gaussian, Trajectory]
"""A planner for tasks with a coin."""
FINE = 4  # places that are looked at between two planned moments


@final
@dataclass(frozen=True)
class CoinDomain:
    """Trajectories from start to goal in which the coin is pinned to one moment, another one in each candidate.

    Which moment suits is not known beforehand: it decides how long the way to the coin may be and how long the way
    back. So the moments are spread evenly over the candidates, and the verifier finds out.

    Args:
        plain: The domain without a coin.
        count: Candidates that are sampled at once.
        pinned: Whether the coin is pinned where a task leaves its moment open; if not, only guides and verifier know.
        at: The moment of each candidate, where they are not spread evenly.
    """

    plain: MazeDomain
    count: int
    pinned: bool = True
    at: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.count < 1 or self.plain.trajectories.horizon < 3:
            raise InvalidConfigError(
                f"count={self.count}, horizon={self.plain.trajectories.horizon}",
                "at least one candidate and three moments",
                "Between start and goal there must be a moment for the coin.",
            )
        last = self.plain.trajectories.horizon - 2
        if self.at is not None and (len(self.at) != self.count or not all(0 < k <= last for k in self.at)):
            raise InvalidConfigError(
                f"moments {self.at} for {self.count} candidates",
                f"as many, from 1 to {last}",
                "Leave them out.",
            )

    def moments(self) -> Tensor:
        """Return the moment of the coin in each candidate: all but the first and the last two, evenly spread."""
        if self.at is not None:
            return torch.tensor(self.at)
        last = self.plain.trajectories.horizon - 2
        return torch.linspace(1, last, self.count + 2)[1:-1].round().long()

    def condition(self, request: CoinTask) -> Condition[Tensor]:
        """Pin start, goal and coin.

        Raises:
            InvalidStateError: A place is missing, outside the maze or inside a wall, or the moment is not in the plan.
        """
        condition = self.plain.condition(reach(request.start, request.goal))
        if request.coin is None or (request.moment is None and not self.pinned):
            return condition
        if not bool(self.plain.geometry.is_free(request.coin, slack=0.05)):
            raise InvalidStateError(
                f"coin = {request.coin}", "a position in the free space of the maze", "Lay it elsewhere."
            )
        horizon = self.plain.trajectories.horizon
        if request.moment is not None and not 0 < request.moment < horizon - 1:
            raise InvalidStateError(
                f"moment = {request.moment}", f"a moment from 1 to {horizon - 2}", "Leave it open."
            )
        at = self.moments() if request.moment is None else torch.tensor([request.moment])
        return _also(condition, at, place=shrunk(self.plain.trajectories.limits, request.coin))

    def blank(self, request: CoinTask, count: int) -> Tensor:
        """Return zeros of the shape to sample.

        Raises:
            InvalidConfigError: Another number of candidates than the moments were spread for.
        """
        if count != self.count and request.coin is not None and request.moment is None and self.pinned:
            raise InvalidConfigError(
                f"a batch of {count} candidates",
                f"{self.count}, one for each moment of the coin",
                "Give planner and domain the same count, and memory for all of them at once.",
            )
        return self.plain.blank(reach(request.start, request.goal), count)

    def decode(self, x: Tensor) -> list[Trajectory]:
        """Return the trajectories."""
        return self.plain.decode(x)

    def encode(self, values: Sequence[Trajectory]) -> Tensor:
        """Return the states of trajectories."""
        return self.plain.encode(values)


def shrunk(limits: Limits, place: Sequence[float]) -> Tensor:
    """Return a place [x, y] as the network sees it, in [-1, 1]."""
    low, high = torch.tensor(limits.low[:2]), torch.tensor(limits.high[:2])
    return 2 * (torch.tensor(tuple(place)) - low) / (high - low) - 1


def _also(condition: Condition[Tensor], at: Tensor, *, place: Tensor) -> Condition[Tensor]:
    """Return the condition with one place pinned too, at one moment in each row, and told to the network."""
    pin, row = condition.pin, torch.arange(len(at))
    assert isinstance(pin, Inpaint)
    values = pin.values.repeat(len(at), 1, 1)
    mask = pin.mask.repeat(len(at), 1, 1)
    values[row, at, :2], mask[row, at, :2] = place, True
    return Condition(Inpaint(values, mask), {**condition.context, "known": mask})


@final
@dataclass(frozen=True)
class CoinReward:
    """Minus the squared distance of a plan to a coin, softly at the nearest place of its curve.

    J = τ · log mean_k exp(-|p_k - c|² / τ), over the planned moments and places between them; differentiable, in
    units of length squared.

    Args:
        coin: [x, y].
        limits: The box that the states are scaled from.
        softness: τ; small values look at the nearest place alone.
    """

    coin: tuple[float, ...]
    limits: Limits
    softness: float = 0.1

    def __post_init__(self) -> None:
        if len(self.coin) != 2 or self.softness <= 0:
            raise InvalidConfigError(
                f"coin={self.coin}, softness={self.softness}", "[x, y] and a softness above 0", "Use 0.1."
            )

    def __call__(self, states: Float[Tensor, "batch horizon dim"]) -> Float[Tensor, " batch"]:
        """Return the reward of each plan."""
        places = self.limits.stretch(states)[..., :2]
        share = torch.arange(FINE, device=states.device)[:, None, None, None] / FINE
        between = places[:, :-1] * (1 - share) + places[:, 1:] * share
        gaps = ((between - between.new_tensor(self.coin)) ** 2).sum(-1).movedim(0, -1).flatten(1)
        scaled = (-gaps / self.softness).logsumexp(dim=1)
        reward: Tensor = self.softness * (scaled - torch.log(torch.tensor(float(gaps.shape[1]))))
        return reward


def for_coins(
    planner: MazePlanner,
    *,
    count: int = 64,
    steps: int = 8,
    returns: int = 4,
    pinned: bool = True,
    guides: tuple[Guidance[Tensor, Gaussian], ...] = (),
) -> CoinPlanner:
    """Return a planner of coin tasks around the network of a maze planner; nothing is trained.

    Args:
        planner: Of the maze.
        count: Candidates.
        steps: Denoising steps.
        returns: How often each step is made (`returning`), so that the way takes up the coin.
        pinned: Whether the coin is pinned, see `CoinDomain`.
        guides: Tilt the belief.
    """
    domain, process = planner.domain, planner.process
    if not isinstance(domain, MazeDomain) or not isinstance(process, GaussianProcess):
        raise InvalidConfigError(
            f"a planner of {type(domain).__name__} by {type(process).__name__}",
            "a maze planner",
            "Make one with `load_planner`.",
        )
    return Planner(
        CoinDomain(domain, count, pinned),
        process,
        planner.denoiser,
        verify=NearestFree(domain.geometry),
        guides=guides,
        kernel=returning(ddim(process), process, times=returns),
        steps=steps,
        count=count,
        compute=planner.compute,
    )
