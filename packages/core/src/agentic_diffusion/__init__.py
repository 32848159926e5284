"""Agentic Diffusion plans by denoising: this is its face, and importing it does not import torch."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute
    from agentic_diffusion.denoising.belief import Belief, Categorical, Gaussian
    from agentic_diffusion.denoising.denoiser import (
        ClassifierFree,
        Denoiser,
        GaussianNet,
        MaskedNet,
    )
    from agentic_diffusion.denoising.guidance import Allowed, Guidance, RewardGradient, RewardLogits
    from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess, Process
    from agentic_diffusion.denoising.sample import denoise
    from agentic_diffusion.denoising.schedule import Cosine, Linear, LogLinear, Sigmoid
    from agentic_diffusion.denoising.state import Condition
    from agentic_diffusion.denoising.train import Recipe, Training, fit
    from agentic_diffusion.errors import AgenticDiffusionError
    from agentic_diffusion.planning.budget import Budget
    from agentic_diffusion.planning.domains.trajectory import Reach, Trajectories, Trajectory
    from agentic_diffusion.planning.planner import Domain, Learns, Planner, Plans
    from agentic_diffusion.records import (
        Candidate,
        DenoiseEvent,
        Given,
        Open,
        Outcome,
        Plan,
        PlanStep,
        Quoted,
        Result,
        ToolSpec,
        Verdict,
    )

_HOMES = {
    "compute": ("Compute",),
    "denoising.belief": ("Belief", "Categorical", "Gaussian"),
    "denoising.denoiser": ("ClassifierFree", "Denoiser", "GaussianNet", "MaskedNet"),
    "denoising.guidance": ("Allowed", "Guidance", "RewardGradient", "RewardLogits"),
    "denoising.process": ("GaussianProcess", "MaskedProcess", "Process"),
    "denoising.sample": ("denoise",),
    "denoising.schedule": ("Cosine", "Linear", "LogLinear", "Sigmoid"),
    "denoising.state": ("Condition",),
    "denoising.train": ("Recipe", "Training", "fit"),
    "errors": ("AgenticDiffusionError",),
    "planning.budget": ("Budget",),
    "planning.domains.trajectory": ("Reach", "Trajectories", "Trajectory"),
    "planning.planner": ("Domain", "Learns", "Planner", "Plans"),
    "records": (
        "Candidate",
        "DenoiseEvent",
        "Given",
        "Open",
        "Outcome",
        "Plan",
        "PlanStep",
        "Quoted",
        "Result",
        "ToolSpec",
        "Verdict",
    ),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__version__ = version("agentic-diffusion")

__all__ = [
    "AgenticDiffusionError",
    "Allowed",
    "Belief",
    "Budget",
    "Candidate",
    "Categorical",
    "ClassifierFree",
    "Compute",
    "Condition",
    "Cosine",
    "DenoiseEvent",
    "Denoiser",
    "Domain",
    "Gaussian",
    "GaussianNet",
    "GaussianProcess",
    "Given",
    "Guidance",
    "Learns",
    "Linear",
    "LogLinear",
    "MaskedNet",
    "MaskedProcess",
    "Open",
    "Outcome",
    "Plan",
    "PlanStep",
    "Planner",
    "Plans",
    "Process",
    "Quoted",
    "Reach",
    "Recipe",
    "Result",
    "RewardGradient",
    "RewardLogits",
    "Sigmoid",
    "ToolSpec",
    "Training",
    "Trajectories",
    "Trajectory",
    "Verdict",
    "denoise",
    "fit",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
