"""Planners that get better from outcomes: memory, proposals, tuning, gate and calibration."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_evolve.abstain import Abstaining, fit_abstaining
    from agentic_diffusion_evolve.adapters import Rank, adapted, deltas, merged, with_deltas
    from agentic_diffusion_evolve.calibrate import (
        Isotonic,
        RiskThreshold,
        calibrated,
        fit_isotonic,
        fit_threshold,
    )
    from agentic_diffusion_evolve.combine import clipped, penalty, weighted
    from agentic_diffusion_evolve.credit import plausible, preferred
    from agentic_diffusion_evolve.crew import Role
    from agentic_diffusion_evolve.encoded import Encoded, encode
    from agentic_diffusion_evolve.estimate import by_features, by_task
    from agentic_diffusion_evolve.evict import KeepBest, PerTask, Recent
    from agentic_diffusion_evolve.evolver import Evolver, Turn
    from agentic_diffusion_evolve.explore import Diverse, heated
    from agentic_diffusion_evolve.gate import Gate, Trial, judge
    from agentic_diffusion_evolve.hindsight import Hindsight, Recalled
    from agentic_diffusion_evolve.keep import Keep, residual_limit
    from agentic_diffusion_evolve.lineage import Lineage
    from agentic_diffusion_evolve.lines import export_lines, import_lines
    from agentic_diffusion_evolve.loop import Generation, evolve
    from agentic_diffusion_evolve.measure import auroc, calibration_error
    from agentic_diffusion_evolve.memory import ListMemory, Memory
    from agentic_diffusion_evolve.pipeline import Pipeline
    from agentic_diffusion_evolve.prefer import Preference, Taste, fit_preferences, implied
    from agentic_diffusion_evolve.propose import (
        Fresh,
        Frontier,
        Mixture,
        Perturb,
        Proposer,
        Replay,
        disagreement,
        progress,
        shortfall,
    )
    from agentic_diffusion_evolve.rayed import Rayed
    from agentic_diffusion_evolve.reward import RewardEnsemble, RewardModel
    from agentic_diffusion_evolve.shift import Drift, Novelty, fit_novelty
    from agentic_diffusion_evolve.spread import Spread
    from agentic_diffusion_evolve.sqlite import SqliteMemory
    from agentic_diffusion_evolve.taught import Taught, aside
    from agentic_diffusion_evolve.tokens import TokenReward, fit_tokens
    from agentic_diffusion_evolve.tune import FineTune, adapt_diffuser, latest, weights_of, with_weights
    from agentic_diffusion_evolve.weigh import (
        ManifoldDistance,
        RestorationGap,
        Weigher,
        calibrate_weigher,
        weighing,
    )
    from agentic_diffusion_evolve.world import Measured
    from agentic_diffusion_evolve.written import Written

_HOMES = {
    "abstain": ("Abstaining", "fit_abstaining"),
    "adapters": ("Rank", "adapted", "deltas", "merged", "with_deltas"),
    "calibrate": ("Isotonic", "RiskThreshold", "calibrated", "fit_isotonic", "fit_threshold"),
    "combine": ("clipped", "penalty", "weighted"),
    "crew": ("Role",),
    "credit": ("plausible", "preferred"),
    "encoded": ("Encoded", "encode"),
    "estimate": ("by_features", "by_task"),
    "evict": ("KeepBest", "PerTask", "Recent"),
    "evolver": ("Evolver", "Turn"),
    "explore": ("Diverse", "heated"),
    "gate": ("Gate", "Trial", "judge"),
    "hindsight": ("Hindsight", "Recalled"),
    "keep": ("Keep", "residual_limit"),
    "lineage": ("Lineage",),
    "lines": ("export_lines", "import_lines"),
    "loop": ("Generation", "evolve"),
    "measure": ("auroc", "calibration_error"),
    "memory": ("ListMemory", "Memory"),
    "pipeline": ("Pipeline",),
    "prefer": ("Preference", "Taste", "fit_preferences", "implied"),
    "propose": (
        "Fresh",
        "Frontier",
        "Mixture",
        "Perturb",
        "Proposer",
        "Replay",
        "disagreement",
        "progress",
        "shortfall",
    ),
    "rayed": ("Rayed",),
    "reward": ("RewardEnsemble", "RewardModel"),
    "shift": ("Drift", "Novelty", "fit_novelty"),
    "spread": ("Spread",),
    "sqlite": ("SqliteMemory",),
    "taught": ("Taught", "aside"),
    "tokens": ("TokenReward", "fit_tokens"),
    "tune": ("FineTune", "adapt_diffuser", "latest", "weights_of", "with_weights"),
    "weigh": ("ManifoldDistance", "RestorationGap", "Weigher", "calibrate_weigher", "weighing"),
    "world": ("Measured",),
    "written": ("Written",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Abstaining",
    "Diverse",
    "Drift",
    "Encoded",
    "Evolver",
    "FineTune",
    "Fresh",
    "Frontier",
    "Gate",
    "Generation",
    "Hindsight",
    "Isotonic",
    "Keep",
    "KeepBest",
    "Lineage",
    "ListMemory",
    "ManifoldDistance",
    "Measured",
    "Memory",
    "Mixture",
    "Novelty",
    "PerTask",
    "Perturb",
    "Pipeline",
    "Preference",
    "Proposer",
    "Rank",
    "Rayed",
    "Recalled",
    "Recent",
    "Replay",
    "RestorationGap",
    "RewardEnsemble",
    "RewardModel",
    "RiskThreshold",
    "Role",
    "Spread",
    "SqliteMemory",
    "Taste",
    "Taught",
    "TokenReward",
    "Trial",
    "Turn",
    "Weigher",
    "Written",
    "adapt_diffuser",
    "adapted",
    "aside",
    "auroc",
    "by_features",
    "by_task",
    "calibrate_weigher",
    "calibrated",
    "calibration_error",
    "clipped",
    "deltas",
    "disagreement",
    "encode",
    "evolve",
    "export_lines",
    "fit_abstaining",
    "fit_isotonic",
    "fit_novelty",
    "fit_preferences",
    "fit_threshold",
    "fit_tokens",
    "heated",
    "implied",
    "import_lines",
    "judge",
    "latest",
    "merged",
    "penalty",
    "plausible",
    "preferred",
    "progress",
    "residual_limit",
    "shortfall",
    "weighing",
    "weighted",
    "weights_of",
    "with_deltas",
    "with_weights",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
