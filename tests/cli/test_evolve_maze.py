"""Evolution in a maze: variation makes drives faster, without it nothing changes, and a crash repeats no work."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion_cli.evolve_maze import Settings, Workplace, at_own_pace, evolution
from agentic_diffusion_evolve.lineage import Lineage
from agentic_diffusion_evolve.sqlite import SqliteMemory
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import Design, assemble
from torch import nn

DESIGN = Design(horizon=16, stride=16)
QUICK = Settings(
    tasks=3, exams=6, steps=30, learning_rate=0.02, average=0.5, batch=8, tails=0, old=2000, candidates=1
)


class Paced(nn.Module):
    """Knows the way over the cells and has one weight: the logarithm of the speed it plans with."""

    def __init__(self, speed=1.5):
        super().__init__()
        self.pace = nn.Parameter(torch.tensor(speed).log())
        self.geometry = Geometry(UMAZE.map)
        self.domain = DESIGN.trajectories(self.geometry)

    def forward(self, x, t, condition):
        pinned = self.domain.limits.stretch(condition.pin(x))
        mean = torch.stack([self.way(row) for row in pinned.detach()])
        return Gaussian(self.domain.limits.shrink(mean), torch.zeros_like(mean), torch.ones(()))

    def way(self, row):
        geometry, start, goal = self.geometry, row[0, :2], row[-1, :2]
        cells = geometry.map.path_cells(
            geometry.xy_to_cell(start.double().numpy()), geometry.xy_to_cell(goal.double().numpy())
        )
        inner = [torch.tensor(geometry.cell_to_xy(cell) - 0.1).float() for cell in cells[1:-1]]
        corners = torch.stack([start, *inner, goal])
        legs = corners.diff(dim=0)
        length = legs.norm(dim=1).clamp(min=1e-6)
        before = torch.cat([torch.zeros(1), length.cumsum(0)[:-1]])
        driven = self.pace.exp() * torch.arange(len(row)) * self.domain.seconds
        on = ((driven[:, None] - before) / length).clamp(0, 1)
        place = start + (on[..., None] * legs).sum(dim=1)
        moving = ((on > 0) & (on < 1)).float()[..., None] * (legs / length[:, None])
        return torch.cat([place, self.pace.exp() * moving.sum(dim=1)], dim=1)


@pytest.fixture
def planner():
    made = assemble(UMAZE, DESIGN, denoiser=Paced(), steps=1, count=1)
    return at_own_pace(made, UMAZE, candidates=1)


def speed(planner):
    return float(planner.denoiser.pace.detach().exp())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_practice_in_variations_makes_plans_faster_and_practice_without_does_not(planner, seed):
    with_them = Workplace(UMAZE, DESIGN, replace(QUICK, seed=seed))
    without = Workplace(UMAZE, DESIGN, replace(QUICK, seed=seed, paces=(1.0,)))
    *_, (last, faster) = evolution(with_them, planner, rounds=2)
    *_, (_, same) = evolution(without, planner, rounds=2)
    assert last.promoted
    assert last.verdict.evidence["lower"] > 0
    assert speed(faster) > 1.25 * speed(planner)
    assert speed(faster) > 1.15 * speed(same)
    assert speed(planner) == pytest.approx(1.5)  # the first planner is never changed


def test_a_run_that_died_in_the_middle_of_a_generation_repeats_nothing(planner, tmp_path):
    place = Workplace(UMAZE, DESIGN, QUICK)
    *_, (_, straight_through) = evolution(place, planner, rounds=2, folder=tmp_path / "whole")
    done = []

    def die(what):
        done.append(what)
        if done.count("practice") == 5:  # three errands of the first generation, two of the second
            raise KeyboardInterrupt

    folder = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        list(evolution(place, planner, rounds=2, folder=folder, tick=die))
    tree = Lineage(folder / "lineage").tree()
    assert len(tree.generations) == 2
    again = []
    *_, (_, taken_up) = evolution(place, planner, rounds=2, folder=folder, tick=again.append)
    assert again.count("practice") <= 2
    assert again.count("exam") == 2 * QUICK.exams
    assert speed(taken_up) == pytest.approx(speed(straight_through), rel=1e-5)
    assert list(evolution(place, planner, rounds=2, folder=folder)) == []  # all is decided


def test_errands_are_the_same_for_the_same_round_and_never_those_of_the_gate():
    place = Workplace(UMAZE, DESIGN, QUICK)
    assert place.errands(1) == place.errands(1)
    assert place.errands(1) != place.errands(2)
    held = {request.start for request in place.gate().tasks}
    assert held.isdisjoint(request.start for request in place.errands(1))


def test_memory_lets_go_of_old_rounds(tmp_path):
    place = Workplace(UMAZE, DESIGN, QUICK)
    assert place.memory().evict.count == 2 * 3 * 2
    assert isinstance(place.memory(tmp_path / "m.db"), SqliteMemory)
