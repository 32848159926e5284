"""Distillation: a student learns to reach in one step where its teacher comes to in several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor, nn

from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.denoiser import GaussianNet
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import Kernel, denoise
from agentic_diffusion.denoising.schedule import times
from agentic_diffusion.denoising.state import Condition, Rng, Time
from agentic_diffusion.errors import InvalidConfigError

NOISE = "noise"
"""The entry of a context in which the noise stands that the teacher began with."""


@final
@dataclass(frozen=True)
class _Beginning:
    """A process that begins with a noise that is known already."""

    process: GaussianProcess
    begin: Tensor

    def noise(self, like: Tensor, rng: Rng) -> Tensor:
        return self.begin

    def corrupt(self, clean: Tensor, t: Time, rng: Rng) -> Tensor:
        return self.process.corrupt(clean, t, rng)

    def revert(self, x: Tensor, belief: Gaussian, t: Time, s: Time, rng: Rng) -> Tensor:
        return self.process.revert(x, belief, t, s, rng)


@final
@dataclass(frozen=True)
class Endpoints:
    """Draws batches of (noise, where the teacher's sampler comes to from it), to train a `OneStep` on.

    Args:
        teacher: The trained denoiser.
        process: Its process.
        kernel: A kernel that draws no noise of its own, such as `ddim(process)`: one noise, one end.
        steps: Denoising steps of the teacher.
        conditions: Draws a state of the shape to sample (batch, ...) and the conditions of the batch.
    """

    teacher: nn.Module
    process: GaussianProcess
    kernel: Kernel[Tensor, Gaussian]
    steps: int
    conditions: Callable[[Rng], tuple[Tensor, Condition[Tensor]]]

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise InvalidConfigError(
                f"a teacher of {self.steps} steps",
                "at least 2",
                "A student of one step has nothing to learn from it.",
            )

    def __call__(self, rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        """Return the ends, and the conditions with the noise in their context."""
        like, condition = self.conditions(rng)
        begin = self.process.noise(like, rng)
        with torch.inference_mode():
            *_, last = denoise(
                _Beginning(self.process, begin),
                self.teacher,
                like=like,
                condition=condition,
                times=times(self.steps),
                rng=rng,
                kernel=self.kernel,
            )
        # a clone made outside of inference mode may be used where gradients are recorded
        return last.x.clone(), replace(condition, context={**condition.context, NOISE: begin})


@final
class OneStep(nn.Module):
    """A student that is asked about the noise in its context alone, at t = 1: the way it is sampled from later.

    With `Endpoints` as draws, the loss of training is ‖student(z, 1) - teacher's end from z‖², the deterministic map
    from noise to truth (Luhman and Luhman 2021, arXiv:2101.02388, eq. 5; the last reflow of Liu et al. 2023,
    arXiv:2209.03003, sec. 2.2). The noise levels that training draws do not matter to it.

    Args:
        student: The denoiser to train; it begins best as a copy of its teacher.
    """

    def __init__(self, student: GaussianNet) -> None:
        super().__init__()
        self.student = student

    def forward(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Gaussian:
        """Return the belief about where the teacher would end.

        Raises:
            InvalidConfigError: There is no noise in the context.
        """
        begin = condition.context.get(NOISE)
        if begin is None:
            raise InvalidConfigError(
                f"a context of {sorted(condition.context)}",
                f"one with {NOISE!r}",
                "Draw the batches with Endpoints.",
            )
        return self.student(condition.pin(begin), torch.ones_like(t), condition)
