"""One network for many mazes: it is told the map it plans in, in training as in planning."""

from itertools import islice

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.maze.atlas import CONTEXT, ReadingDomain, atlas, atlas_windows, reading
from agentic_diffusion_worlds.maze.domain import MazeDomain, reach
from agentic_diffusion_worlds.maze.generate import SMALL, mazes
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import LARGE, UMAZE
from agentic_diffusion_worlds.maze.planner import Design, assemble

DESIGN = Design(horizon=16, stride=16, width=16, depth=1, heads=2, waves=0, reads=16)
TWO = list(islice(mazes(SMALL, seed=0, held_out=False), 2))


def test_a_map_is_read_row_by_row_without_its_border():
    assert reading(UMAZE.map).tolist() == [-1, -1, -1, 1, 1, -1, -1, -1, -1]


def test_the_network_is_told_the_map_and_nothing_else_changes():
    geometry = Geometry(TWO[0].map)
    plain = MazeDomain(DESIGN.trajectories(geometry), geometry)
    domain, cells = ReadingDomain(plain), TWO[0].map.cells()
    request = reach((*geometry.cell_to_xy(cells[0]), 0.0, 0.0), geometry.cell_to_xy(cells[-1]))
    told, untold = domain.condition(request), plain.condition(request)
    assert torch.equal(told.context[CONTEXT][0], reading(TWO[0].map))
    assert torch.equal(told.context["known"], untold.context["known"])
    noise = torch.randn(3, 16, 4)
    assert torch.equal(told.pin(noise), untold.pin(noise))
    assert torch.equal(domain.encode(domain.decode(noise)), plain.encode(plain.decode(noise)))


def test_windows_of_many_mazes_carry_the_map_of_their_own():
    data = atlas(TWO, transitions=1500, seed=0)
    domain = DESIGN.trajectories(Geometry(TWO[0].map))
    windows = atlas_windows(TWO, data, domain, stride=DESIGN.stride, batch=200)
    clean, condition = windows(torch.Generator().manual_seed(0))
    maps = torch.stack([reading(maze.map) for maze in TWO])
    number = (condition.context[CONTEXT][:, None] == maps).all(dim=2).int().argmax(dim=1)
    assert set(number.tolist()) == {0, 1}
    places = domain.limits.stretch(clean)[..., :2].numpy()
    for index, maze in enumerate(TWO):
        mine = places[number.numpy() == index]
        assert Geometry(maze.map).is_free(mine, slack=0.05).all()


def test_the_map_decides_what_the_network_says():
    network = DESIGN.network()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
    one, two = (assemble(maze, DESIGN, denoiser=network, steps=1, count=1) for maze in TWO)
    cell = next(c for c in TWO[0].map.cells() if c in TWO[1].map.cells())
    place = Geometry(TWO[0].map).cell_to_xy(cell)
    plans = [planner.plan(reach((*place, 0.0, 0.0), place), seed=0) for planner in (one, two)]
    assert plans[0].chosen.value != plans[1].chosen.value


def test_mazes_of_several_sizes_are_refused():
    with pytest.raises(InvalidConfigError, match="2 sizes"):
        atlas([UMAZE, LARGE], transitions=10, seed=0)
    with pytest.raises(InvalidConfigError, match="0 mazes"):
        atlas([], transitions=10, seed=0)
