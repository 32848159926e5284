"""Weights are small for plans that cannot be driven."""

import pytest
import torch
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion_cli.hallucinated import (
    NOISED,
    PLANNED,
    Weighed,
    unsteady,
    weighed,
    weigher_of,
    weight_rows,
)
from agentic_diffusion_cli.trials import Ground
from agentic_diffusion_worlds.maze.map import UMAZE


def test_noised_plans_weigh_less():
    ground = Ground.shipped(UMAZE)
    plans = list(weighed(ground, weigher_of(ground, seed=9, transitions=6000), seed=1, count=4))
    weights = {kind: [p.weight for p in plans if p.kind == kind] for kind in (PLANNED, NOISED)}
    assert len(weights[PLANNED]) == len(weights[NOISED]) == 4
    assert sum(weights[NOISED]) < sum(weights[PLANNED])


def test_a_steady_plan_moves_as_it_says():
    steps = torch.arange(8.0)
    steady = torch.stack([steps, 0 * steps, torch.ones(8), torch.zeros(8)], dim=1)
    jump = steady.clone()
    jump[4, 1] = 3.0
    told = unsteady(torch.stack([steady, jump]), Condition())
    assert told[0] < 0.2 < told[1]


def test_only_what_failed_is_hallucinated():
    plans = [Weighed(PLANNED, 0.9, True), Weighed(PLANNED, 0.0, False)]
    plans += [Weighed(NOISED, 0.1, False), Weighed(NOISED, 1.0, True)]
    rows = weight_rows(plans)
    assert [row["hallucinated"] for row in rows] == ["all", NOISED]
    assert rows[0]["weight_auroc"]["mean"] == pytest.approx(1.0)
    assert weight_rows([]) == []
