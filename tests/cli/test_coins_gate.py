"""The gate of coins asks two things, and refuses where either is missing."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli import coins_gate
from agentic_diffusion_cli.coins_gate import CoinGate
from agentic_diffusion_worlds.maze.coindomain import for_coins
from agentic_diffusion_worlds.maze.coins import practice_tasks
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import load_planner


@pytest.fixture(scope="module")
def plain():
    return load_planner(UMAZE)


def gate_of(plain, exams=3):
    tasks = list(islice(practice_tasks(UMAZE, seed=900_000), 3))
    return CoinGate(plain, UMAZE, tasks, seed=900_000, exams=exams, candidates=8)


def told(gate, planner, coins):
    """Say what a planner scores on coins, so that only its plain drives are really driven."""
    gate._coins.append((planner.denoiser, list(coins)))


def test_the_same_planner_gains_nothing_and_is_refused(plain):
    gate, planner = gate_of(plain), for_coins(plain, count=4, steps=2, returns=1)
    verdict = gate(planner, planner)
    assert not verdict.passed
    assert verdict.evidence["trials"] == 3
    assert "seen" not in verdict.evidence
    assert len(gate._coins) == 1


def test_more_coins_do_not_make_up_for_plain_drives(plain, monkeypatch):
    monkeypatch.setattr(coins_gate, "of_plain", lambda plain, network: replace(plain, denoiser=network))
    incumbent = for_coins(plain, count=4, steps=2, returns=1)
    same, broken = (replace(incumbent, denoiser=deepcopy(incumbent.denoiser)) for _ in range(2))
    for weight in broken.denoiser.parameters():
        torch.nn.init.normal_(weight, std=0.3, generator=torch.Generator().manual_seed(0))
    gate = gate_of(plain)
    told(gate, incumbent, [0.0, 0.1, 0.0])
    for planner in (same, broken):
        told(gate, planner, [0.9, 1.0, 0.9])
    kept, lost = gate(same, incumbent), gate(broken, incumbent)
    assert kept.passed
    assert kept.evidence["seen"]["gain"] == 0
    assert not lost.passed
    assert lost.evidence["gain"] > 0.5
    assert lost.evidence["seen"]["gain"] < 0


@pytest.mark.parametrize(("lost", "passes"), [(0.002, True), (0.02, False)])
def test_a_loss_of_one_percent_is_the_limit(plain, lost, passes):
    """However much the incumbent has lost already: what counts is the network that evolution began with."""
    old = for_coins(plain, count=4)
    new, between = (replace(old, denoiser=deepcopy(plain.denoiser)) for _ in range(2))
    gate, before = gate_of(plain), [200.0, 202.0, 198.0]
    told(gate, new, [0.8, 0.9, 1.0])
    told(gate, between, [0.0, 0.0, 0.0])
    for planner, share in ((old, 1.0), (between, 0.5), (new, 1 - lost)):
        gate._seen.append((planner.denoiser, [share * score for score in before]))
    assert gate(new, between).passed == passes


def test_settings_that_make_no_sense_are_refused(plain):
    with pytest.raises(InvalidConfigError):
        gate_of(plain, exams=1)
