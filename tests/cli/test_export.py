"""The command `export` writes a file that torch runs alone, and refuses one whose plans are others."""

import json
from dataclasses import replace

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import ContractError
from agentic_diffusion_cli.export import compared
from agentic_diffusion_cli.mazes import Size, maze_of
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.planner import load_planner


def test_plans_of_the_file_are_those_of_the_network(cli, tmp_path):
    file, figures = tmp_path / "umaze.pt2", tmp_path / "figures.json"
    done = cli("export", "--size", "umaze", "--out", file, "--plans", 3, "--json", figures)
    assert done.exit_code == 0, done.output
    assert "3 of 3 plans" in done.stdout
    told = json.loads(figures.read_text())
    assert 0 <= told["apart"] < 1e-4
    assert told["speedup"]["mean"] > 0
    program = torch.export.load(file).module()
    known = {"known": torch.zeros(5, 16, 4, dtype=torch.bool)}
    assert program(torch.zeros(5, 16, 4), torch.ones(5), known).shape == (5, 16, 4)


def test_other_plans_are_refused():
    maze = maze_of(Size.umaze)
    planner = load_planner(maze, count=2, compute=Compute(device="cpu", threads=1))
    other = replace(planner, steps=1)
    with pytest.raises(ContractError, match="Do not use"):
        compared(planner, other, errands(maze, seed=0, count=2))


def test_a_file_that_plans_otherwise_is_taken_away(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("agentic_diffusion_cli.export.distance", lambda one, other: float("inf"))
    file = tmp_path / "umaze.pt2"
    done = cli("export", "--size", "umaze", "--out", file, "--plans", 2)
    assert done.exit_code != 0
    assert "inf apart" in done.output
    assert not file.exists()
