"""Abstaining: plans that say how likely they are to work, and when they had better not be executed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import DenoiseEvent, Plan

from agentic_diffusion_evolve.calibrate import RiskThreshold, fit_isotonic, fit_threshold
from agentic_diffusion_evolve.shift import Novelty, Numbers

Q = TypeVar("Q")
V = TypeVar("V")

FAR = 1e6
"""The largest `unfamiliar`, for what is infinitely far: JSON knows no infinity."""


def as_told(confidence: float) -> float:
    """Return the confidence as it is."""
    return confidence


@final
@dataclass(frozen=True)
class Abstaining(Generic[Q, V]):
    """A planner whose plans have a calibrated confidence and say when it abstains; it is `Plans`.

    `abstained` is set where the confidence is below the threshold or the request is new. The plan is returned all
    the same; whether to execute it is for the caller to decide.

    Args:
        planner: Makes the plans.
        calibration: From the planner's confidence to the one that is told, such as an `Isotonic`.
        threshold: Below it the planner abstains; never, when left out.
        novelty: Knows what requests are like; needs `features`.
        features: The numbers of a request that `novelty` was fitted on.
    """

    planner: Plans[Q, V]
    calibration: Callable[[float], float] = as_told
    threshold: RiskThreshold | None = None
    novelty: Novelty | None = None
    features: Callable[[Q], Numbers] | None = None

    def __post_init__(self) -> None:
        if (self.novelty is None) != (self.features is None):
            raise InvalidConfigError(
                "novelty without features, or features without novelty",
                "both or neither",
                "Give the features that novelty was fitted on.",
            )

    def plan(
        self,
        request: Q,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        watch: Callable[[DenoiseEvent], None] | None = None,
    ) -> Plan[Q, V]:
        """Return the plan with `confidence`, `abstained` and `unfamiliar` set."""
        plan = self.planner.plan(request, seed=seed, budget=budget, watch=watch)
        confidence = min(1.0, max(0.0, self.calibration(plan.confidence)))
        away = self._away(request)
        unsure = self.threshold is not None and not self.threshold.accepts(confidence)
        told: dict[str, Any] = {
            "confidence": confidence,
            "abstained": plan.abstained or unsure or (away is not None and away > 1),
            "unfamiliar": away,
        }
        return plan.model_copy(update=told)

    def _away(self, request: Q) -> float | None:
        """Return the distance from the data, in thresholds: above 1 the request is new."""
        if self.novelty is None or self.features is None:
            return None
        score = self.novelty.score(self.features(request))
        if not score > self.novelty.threshold:
            return score / self.novelty.threshold if self.novelty.threshold > 0 else 0.0
        return min(FAR, score / self.novelty.threshold if self.novelty.threshold > 0 else math.inf)


def fit_abstaining(
    planner: Plans[Q, V],
    tried: Sequence[tuple[Plan[Q, V], bool]],
    *,
    risk: float = 0.05,
    novelty: Novelty | None = None,
    features: Callable[[Q], Numbers] | None = None,
) -> Abstaining[Q, V]:
    """Return the planner with its confidence calibrated on every second plan and its threshold fitted on the others.

    Args:
        planner: Has made the plans.
        tried: Plans on held-out requests, and whether each worked; in no particular order.
        risk: Of all plans, at most this share may be executed and fail (see `fit_threshold`).
        novelty: Knows what requests are like.
        features: The numbers of a request that `novelty` was fitted on.

    Raises:
        InvalidConfigError: Fewer than four plans.
    """
    if len(tried) < 4:
        raise InvalidConfigError(f"{len(tried)} plans", "at least four", "A hundred or more are sensible.")
    said, worked = [plan.confidence for plan, _ in tried], [bool(well) for _, well in tried]
    calibration = fit_isotonic(said[::2], worked[::2])
    threshold = fit_threshold([calibration(raw) for raw in said[1::2]], worked[1::2], risk=risk)
    return Abstaining(planner, calibration, threshold, novelty, features)
