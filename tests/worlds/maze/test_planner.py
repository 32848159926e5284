"""Maze planners: their shape fits the maze, and what is saved is what is loaded, or the last good one."""

import json

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion_worlds.maze import planner as home
from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, UMAZE, Maze, MazeMap
from agentic_diffusion_worlds.maze.planner import Design, design_for, load_network, load_planner, save_planner

GEOMETRY = Geometry(UMAZE.map)
REQUEST = reach((*GEOMETRY.cell_to_xy((3, 1)), 0.0, 0.0), GEOMETRY.cell_to_xy((1, 1)))


@pytest.fixture
def folder(tmp_path, tiny, tiny_network):
    save_planner(tmp_path, tiny, tensors=tiny_network.state_dict(), facts={"note": "first"})
    return tmp_path


@pytest.mark.parametrize("maze", MAZES, ids=lambda maze: maze.name)
def test_the_horizon_covers_the_longest_drive(maze):
    design = design_for(maze)
    cells = maze.map.cells()
    longest = max(len(maze.map.path_cells(a, b)) for a in cells for b in cells)
    assert (design.horizon - 1) * design.stride >= 28 * longest
    assert design.horizon % design.patch == 0
    assert 12 <= design.stride <= 20


def test_a_single_cell_has_a_design_too():
    assert design_for(Maze("dot", MazeMap(("###", "#.#", "###")), goal=(1, 1), limit=10)).horizon == 16


def test_what_is_saved_is_what_is_loaded(folder, tiny, tiny_network):
    design, network, bundle = load_network(folder)
    assert design == tiny
    assert bundle.card["note"] == "first"
    assert bundle.card["kind"] == "maze planner"
    assert not network.training
    for name, value in tiny_network.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)


def test_a_loaded_planner_plans_and_the_seed_decides(folder):
    planner = load_planner(UMAZE, folder, steps=2, count=3)
    one, same, other = (planner.plan(REQUEST, seed=seed) for seed in (0, 0, 1))
    assert len(one.considered) == 3
    assert one.steps_done == 2
    assert one.chosen == same.chosen
    assert one.chosen.value != other.chosen.value
    assert one.chosen.value.states[0] == pytest.approx(REQUEST.start, abs=1e-4)
    assert one.chosen.value.states[-1] == pytest.approx(REQUEST.goal, abs=1e-4)


def damage(path, flip=True):
    blob = bytearray(path.read_bytes())
    if flip:
        blob[len(blob) // 2] ^= 1
    path.write_bytes(blob if flip else blob[: len(blob) // 2])


@pytest.mark.parametrize("flip", [True, False], ids=["flipped", "truncated"])
def test_damaged_weights_are_noticed(folder, flip):
    damage(next(folder.glob("*.safetensors")), flip)
    with pytest.raises(StoreError, match="damaged"):
        load_planner(UMAZE, folder)


def test_the_last_good_version_stands_in(folder, tiny, tiny_network):
    changed = {name: value + 1 for name, value in tiny_network.state_dict().items()}
    save_planner(folder, tiny, tensors=changed, facts={"note": "second"})
    name = json.loads((folder / "card.json").read_text())["weights"]
    damage(folder / name)
    _, _, bundle = load_network(folder)
    assert bundle.card["note"] == "first"
    assert "damaged" in bundle.degraded


@pytest.mark.parametrize(
    "design",
    [{"horizon": 16}, {"horizon": 16, "stride": 16, "width": 32, "depth": 1, "heads": 2}, {"color": 1}, None],
    ids=["incomplete", "of another width", "unknown", "absent"],
)
def test_a_card_that_is_no_maze_planners_is_refused(folder, tiny_network, design):
    from agentic_diffusion import store

    store.save(folder, tiny_network.state_dict(), {} if design is None else {"design": design})
    with pytest.raises(StoreError, match="a maze planner of this version"):
        load_network(folder)


def test_a_maze_without_a_planner_says_which_have_one(tmp_path, monkeypatch):
    monkeypatch.setattr(home, "WEIGHTS", tmp_path / "none")
    with pytest.raises(InvalidConfigError, match="none"):
        load_planner(LARGE)
    (tmp_path / "none" / "umaze").mkdir(parents=True)
    with pytest.raises(InvalidConfigError, match="umaze"):
        load_planner(LARGE)
    with pytest.raises(StoreError):
        load_planner(UMAZE)


def test_a_design_is_plain():
    assert Design(horizon=8, stride=2) == Design(8, 2)
