"""Proofs of the sampler's parts: processes and kernels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from agentic_diffusion.denoising.denoiser import Denoiser
from agentic_diffusion.denoising.process import Process
from agentic_diffusion.denoising.sample import Kernel, denoise
from agentic_diffusion.denoising.schedule import times
from agentic_diffusion.denoising.state import Condition, Step, Time, generator
from agentic_diffusion.testing.promise import alike, far, promise, repeats, same, wired


def check_process(
    process: Process[Tensor, Any],
    clean: Tensor,
    *,
    denoiser: Denoiser[Tensor, Any] | None = None,
    seed: int = 0,
) -> None:
    """Prove a process: noise forgets the truth, nothing is lost at t = 0, survival falls, a seed repeats.

    Args:
        process: The process.
        clean: A batch of true states (a tensor).
        denoiser: Where given, one move back from each noise level is proved too, with its beliefs.
        seed: Where randomness comes from.

    Raises:
        ContractError: A promise is broken.
    """
    many = clean.repeat(-(-4096 // clean.numel()), *[1] * (clean.ndim - 1))
    with wired("process.noise or process.corrupt", expected="a process that accepts these true states"):
        noise = repeats("noise", lambda rng: process.noise(many, rng), seed)
        alike("noise", noise, many)
        promise(
            same(noise, process.noise(many.flip(0) * 0, generator(seed))),
            expected="noise to forget the truth and read nothing but its shape",
            given="noise that changes with the values of `like`",
            action="Use `like` for shape, dtype and device only.",
        )
        _corruption(process, many, seed)
    if denoiser is not None:
        for level in (1.0, 0.5, 0.1):
            t = torch.tensor(level)
            x = process.corrupt(clean, t, generator(seed))
            with wired("denoiser or process.revert"):
                belief = denoiser(x, t, Condition())
                _reversal(process, x, belief, t, seed)


def _corruption(process: Process[Tensor, Any], clean: Tensor, seed: int) -> None:
    def corrupt(level: float, truth: Tensor = clean) -> Tensor:
        return repeats("corrupt", lambda rng: process.corrupt(truth, torch.tensor(level), rng), seed)

    kept = far(corrupt(0.0), clean)
    promise(
        kept <= 1e-6,
        expected="corrupt at t = 0 to return the truth: nothing is lost",
        given=f"a state {kept:.3g} away from it",
        action="Let the schedule give a survival of exactly 1 at t = 0.",
    )
    path = []
    for level in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0):
        x = corrupt(level)
        alike(f"corrupt at t = {level:g}", x, clean)
        path.append(far(x, clean))
    promise(
        all(b >= 0.95 * a for a, b in pairwise(path)) and path[-1] > path[0],
        expected="survival to fall: corrupt leads ever further from the truth as t rises",
        given="distances " + ", ".join(f"{d:.3g}" for d in path),
        action="Remember that t = 1 is noise and t = 0 is the truth.",
    )
    other = -clean if clean.is_floating_point() else clean.roll(1, dims=-1)
    left = far(corrupt(1.0), corrupt(1.0, other)) / max(far(clean, other), 1e-12)
    promise(
        left <= 0.1,
        expected="corrupt at t = 1 to leave at most a tenth of the truth",
        given=f"a share of {left:.3g}",
        action="Let the schedule fall to about 0 at t = 1.",
    )


def _reversal(process: Process[Tensor, Any], x: Tensor, belief: Any, t: Time, seed: int) -> None:
    zero = torch.tensor(0.0)
    half = repeats("revert", lambda rng: process.revert(x, belief, t, t / 2, rng), seed)
    alike("revert", half, x)
    done = process.revert(x, belief, t, zero, generator(seed))
    alike("revert to t = 0", done, x)
    if done.is_floating_point():
        gap = far(done, belief.guess(x))
        promise(
            gap <= 1e-3,
            expected="revert to t = 0 to arrive at the belief's best guess, for no noise is left",
            given=f"a state {gap:.3g} away from it",
            action="Check the factors of the posterior mean, and that its variance is 0 at s = 0.",
        )


def check_kernel(
    kernel: Kernel[Tensor, Any],
    process: Process[Tensor, Any],
    denoiser: Denoiser[Tensor, Any],
    *,
    like: Tensor,
    condition: Condition[Tensor] | None = None,
    steps: int = 8,
    seed: int = 0,
) -> None:
    """Prove a kernel: it asks the denoiser, goes where it is sent, repeats for a seed, and finishes.

    Args:
        kernel: The kernel.
        process: Its process.
        denoiser: A denoiser for that process; an exact one is best.
        like: A state of the shape, dtype and device to sample.
        condition: What is pinned; nothing when left out.
        steps: Moves to make.
        seed: Where randomness comes from.

    Raises:
        ContractError: A promise is broken.
    """
    given = condition or Condition()
    asked: list[float] = []

    def spy(x: Tensor, t: Time, context: Condition[Tensor]) -> Any:
        asked.append(float(t.max()))
        return denoiser(x, t, context)

    def story() -> list[Step[Tensor, Any]]:
        levels, rng = times(steps), generator(seed)
        return list(denoise(process, spy, like=like, condition=given, times=levels, rng=rng, kernel=kernel))

    with wired("the loop"):
        first, again = story(), story()
        left = getattr(denoiser(first[-1].x, first[-1].t, given), "hidden", torch.zeros(1))
    alike("the first state", first[0].x, like)
    promise(
        len(asked) > 0,
        expected="a kernel that asks the denoiser",
        given="no call of it in a whole run",
        action="Call believe(x, t) and use its belief.",
    )
    _moves(first, again, times(steps)[1:])
    promise(
        not bool(left.any()),
        expected="no token to be hidden at t = 0",
        given=f"{int(left.sum())} hidden tokens",
        action="Reveal all that is left in the move to s = 0.",
    )


def _moves(
    first: Sequence[Step[Tensor, Any]], again: Sequence[Step[Tensor, Any]], levels: Sequence[float]
) -> None:
    for step, twin, level in zip(first, again, levels, strict=True):
        alike(f"the state at t = {level:g}", step.x, first[0].x)
        promise(
            abs(float(step.t) - level) < 1e-6,
            expected=f"a step that says it is at t = {level:g}, where it was sent",
            given=f"t = {float(step.t):g}",
            action="Return Step(x, s, belief, step.t).",
        )
        promise(
            same(step.x, twin.x),
            expected="the same story for the same seed",
            given=f"two different states at t = {level:g}",
            action="Draw every random number from the rng that is passed in and keep no state in the kernel.",
        )
