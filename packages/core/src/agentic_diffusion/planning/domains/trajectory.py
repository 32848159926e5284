"""Trajectories as a domain: reach a goal from a start, in states or states and actions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from pydantic import ConfigDict, Field
from torch import Tensor

from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.records import Record

Numbers = tuple[float, ...]


class Reach(Record):
    """A request for a trajectory.

    Args:
        start: The state now; None leaves the start open (unconditional generation).
        goal: The state to be in at the end; an entry of None leaves that number open; None leaves the goal open.
    """

    # the domain refuses what is not finite, and says what the limits are; in JSON it may not turn into null, "open"
    model_config = ConfigDict(allow_inf_nan=True, ser_json_inf_nan="strings")

    start: Numbers | None = None
    goal: tuple[float | None, ...] | None = None


class Trajectory(Record):
    """A planned trajectory.

    Args:
        states: One state for each planned moment, the first is now.
        actions: One action for each planned moment; empty where states alone are planned.
        seconds: Time from one moment to the next.
        arrival: Index of the first moment from which the plan rests where it ends.
    """

    states: tuple[Numbers, ...] = Field(min_length=1)
    actions: tuple[Numbers, ...] = ()
    seconds: float = Field(gt=0)
    arrival: int = Field(ge=0)


@final
@dataclass(frozen=True)
class Limits:
    """The box that states (and actions) live in; it is mapped onto [-1, 1].

    Args:
        low: Least value of each number.
        high: Largest value of each number.
    """

    low: Numbers
    high: Numbers

    def __post_init__(self) -> None:
        pairs = zip(self.low, self.high, strict=False)
        if len(self.low) != len(self.high) or not all(-math.inf < a < b < math.inf for a, b in pairs):
            raise InvalidConfigError(
                f"Limits(low={self.low}, high={self.high})",
                "as many lows as highs, each low below its high, all finite",
                "Take the least and largest values of the training data.",
            )

    def shrink(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Map the box onto [-1, 1]."""
        low, high = x.new_tensor(self.low), x.new_tensor(self.high)
        return 2 * (x - low) / (high - low) - 1

    def stretch(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Map [-1, 1] onto the box."""
        low, high = x.new_tensor(self.low), x.new_tensor(self.high)
        return (x + 1) / 2 * (high - low) + low


@final
@dataclass(frozen=True)
class Trajectories:
    """Plans of `horizon` moments, `seconds` apart; the plan rests at the goal once it is there.

    The start is pinned to the first moment and the goal to the last (inpainting, Janner et al. 2022,
    arXiv:2205.09991, sec. 3.3). How early the goal is reached is left to the sample, so candidates differ in length.

    Args:
        horizon: Moments in a plan.
        limits: The box of states, followed by actions where there are any.
        state_dim: How many of the numbers are state.
        seconds: Time from one moment to the next.
        tolerance: Distance to the last state, over all its numbers, that counts as having arrived.
    """

    horizon: int
    limits: Limits
    state_dim: int
    seconds: float
    tolerance: float

    def __post_init__(self) -> None:
        dim = len(self.limits.low)
        if self.horizon < 2 or not 1 <= self.state_dim <= dim or min(self.seconds, self.tolerance) <= 0:
            raise InvalidConfigError(
                repr(self),
                f"horizon >= 2, 1 <= state_dim <= {dim}, positive seconds and tolerance",
                "The limits list states first and actions after them.",
            )

    def condition(self, request: Reach) -> Condition[Tensor]:
        """Pin the start to the first moment and the goal to the last.

        Raises:
            InvalidStateError: A number is missing, not finite or outside the limits.
        """
        dim = len(self.limits.low)
        values = torch.zeros(1, self.horizon, dim)
        mask = torch.zeros(1, self.horizon, dim, dtype=torch.bool)
        if request.start is not None:
            self._check("start", request.start)
            values[0, 0, : self.state_dim] = torch.tensor(request.start)
            mask[0, 0, : self.state_dim] = True
        if request.goal is not None:
            self._check("goal", request.goal)
            known = [number is not None for number in request.goal]
            values[0, -1, : self.state_dim] = torch.tensor([number or 0.0 for number in request.goal])
            mask[0, -1, : self.state_dim] = torch.tensor(known)
        pinned = torch.where(mask, self.limits.shrink(values), 0.0)
        return Condition(Inpaint(pinned, mask), {"known": mask})

    def _check(self, name: str, numbers: Sequence[float | None]) -> None:
        if len(numbers) != self.state_dim:
            raise InvalidStateError(
                f"a {name} of {len(numbers)} numbers",
                f"{self.state_dim} numbers",
                f"Give the whole state{' or None for numbers left open' if name == 'goal' else ''}.",
            )
        box = zip(numbers, self.limits.low, self.limits.high, strict=False)
        for index, (number, low, high) in enumerate(box):
            if number is not None and not low <= number <= high:
                raise InvalidStateError(
                    f"{name}[{index}] = {number}",
                    f"a finite number from {low:g} to {high:g}",
                    f"Check the {name}; the planner has seen nothing outside these limits.",
                )

    def blank(self, request: Reach, count: int) -> Float[Tensor, "batch horizon dim"]:
        """Return zeros of the shape to sample."""
        return torch.zeros(count, self.horizon, len(self.limits.low))

    def decode(self, x: Float[Tensor, "batch horizon dim"]) -> list[Trajectory]:
        """Return the trajectories, in the user's units and inside the limits.

        Raises:
            InvalidStateError: A number is not finite.
        """
        dim = self.state_dim
        if not bool(torch.isfinite(x).all()):
            raise InvalidStateError(
                "numbers that are not finite in a denoised trajectory",
                "finite numbers",
                "The denoiser or a guide returns NaN or infinity: train anew or weaken the guide.",
            )
        rows = self.limits.stretch(x.float().clamp(-1, 1)).cpu()
        states, actions = rows[..., :dim].tolist(), rows[..., dim:].tolist()
        return [
            Trajectory.model_construct(  # finite numbers were made sure of; to look at each again takes longer
                states=tuple(map(tuple, here)),
                actions=tuple(map(tuple, done)) if rows.shape[2] > dim else (),
                seconds=self.seconds,
                arrival=arrived,
            )
            for here, done, arrived in zip(states, actions, self._arrivals(rows), strict=True)
        ]

    def _arrivals(self, rows: Float[Tensor, "batch horizon dim"]) -> list[int]:
        """Return the first moment from which a plan stays near its last position."""
        half = rows[..., : self.state_dim]
        away = (half - half[:, -1:]).norm(dim=-1) > self.tolerance
        later = away.flip(1).cumsum(1).flip(1) > 0
        return [min(int(n), self.horizon - 1) for n in later.sum(1)]

    def encode(self, values: Sequence[Trajectory]) -> Float[Tensor, "batch horizon dim"]:
        """Return the states of trajectories, each resting at its last moment to fill the horizon.

        Raises:
            InvalidStateError: A trajectory is longer than the horizon, or has other numbers than the limits.
        """
        dim = len(self.limits.low)
        filled = torch.zeros(len(values), self.horizon, dim)
        for row, value in zip(filled, values, strict=True):
            actions = value.actions or ((),) * len(value.states)
            moments = [state + action for state, action in zip(value.states, actions, strict=False)]
            sizes = {len(moment) for moment in moments}
            if len(actions) != len(value.states) or len(moments) > self.horizon or sizes != {dim}:
                raise InvalidStateError(
                    f"a trajectory of {len(value.states)} states and {len(value.actions)} actions, "
                    f"with {sorted(sizes)} numbers a moment",
                    f"at most {self.horizon} moments, each with {dim} numbers",
                    "Cut it, give an action for each state, or train a planner with a longer horizon.",
                )
            row[: len(moments)] = torch.tensor(moments)
            row[len(moments) :] = row[len(moments) - 1]
        return self.limits.shrink(filled)
