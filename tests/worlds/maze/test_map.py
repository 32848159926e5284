"""Maps: D4RL's mazes cell by cell, ways through them, and what is refused."""

from itertools import pairwise

import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.maze.map import LARGE, MAX_SIDE, MAZES, MEDIUM, UMAZE, Maze, MazeMap
from hypothesis import given
from hypothesis import strategies as st

ROOM = MazeMap(("#####", "#...#", "###.#", "#.#.#", "#####"))


@pytest.mark.parametrize(
    ("maze", "name"), [(UMAZE, "U_MAZE"), (MEDIUM, "MEDIUM_MAZE"), (LARGE, "LARGE_MAZE")]
)
def test_mazes_equal_gymnasium_robotics_cell_by_cell(maze, name):
    from gymnasium_robotics.envs.maze import maps

    assert maze.map.walls.astype(int).tolist() == getattr(maps, name)


def test_goals_limits_and_references_are_d4rls():
    assert [maze.goal for maze in MAZES] == [(1, 1), (6, 6), (7, 9)]
    assert [maze.limit for maze in MAZES] == [300, 600, 800]
    assert [maze.reference for maze in MAZES] == [(23.85, 161.86), (13.13, 277.39), (6.7, 273.99)]


def test_parse_takes_spaces_dots_indentation_and_blank_lines():
    text = """

        #####
        #  .#
        ###.#
        #.#.#
        #####
    """
    assert MazeMap.parse(text) == ROOM
    assert MazeMap.parse(str(ROOM)) == ROOM


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty map"),
        ("###\n#.#\n####", "row 2 with 4 tiles"),
        ("###\n#..\n###", "hole in its border"),
        ("#.#\n#.#\n###", "hole in its border"),
        ("###\n#G#\n###", "'G' in row 1, column 1"),
        ("###\n###\n###", "without a free cell"),
        ("#" * (MAX_SIDE + 1), "at most 64"),
    ],
)
def test_bad_maps_are_refused_with_the_place(text, words):
    with pytest.raises(InvalidConfigError, match=words):
        MazeMap.parse(text)


def test_walls_cannot_be_written():
    with pytest.raises(ValueError):
        UMAZE.map.walls[1, 1] = True


def test_path_is_shortest_and_connected():
    path = LARGE.map.path_cells((1, 1), (7, 9))
    assert path[0] == (1, 1)
    assert path[-1] == (7, 9)
    assert len(path) == 15  # 14 moves is the distance in rows and columns: no way is shorter
    assert all(LARGE.map.is_free_cell(cell) for cell in path)
    assert all(abs(a - c) + abs(b - d) == 1 for (a, b), (c, d) in pairwise(path))
    assert UMAZE.map.path_cells((1, 1), (1, 1)) == ((1, 1),)


def test_reach_ends_at_walls():
    assert ROOM.reachable((1, 1)) == {(1, 1), (1, 2), (1, 3), (2, 3), (3, 3)}
    with pytest.raises(InvalidStateError, match="connected"):
        ROOM.path_cells((3, 1), (1, 1))
    with pytest.raises(InvalidStateError, match=r"start cell \(0, 0\)"):
        ROOM.path_cells((0, 0), (1, 1))
    with pytest.raises(InvalidStateError, match="free cell"):
        ROOM.path_cells((1, 1), (-1, 3))


@given(st.integers(0, 10**6), st.floats(-0.49, 0.49), st.floats(-0.49, 0.49))
def test_nearest_cell_is_the_cell_around_a_point(pick, di, dj):
    cells = LARGE.map.cells()
    i, j = cells[pick % len(cells)]
    assert LARGE.map.nearest_cell((i + di, j + dj)) == (i, j)


def test_nearest_cell_refuses_nan():
    with pytest.raises(InvalidStateError, match="finite"):
        LARGE.map.nearest_cell((float("nan"), 1.0))


def test_maze_refuses_what_cannot_be_driven():
    with pytest.raises(InvalidConfigError, match="goal"):
        Maze(name="x", map=ROOM, goal=(0, 0), limit=10)
    with pytest.raises(InvalidConfigError, match="limit 0"):
        Maze(name="x", map=ROOM, goal=(1, 1), limit=0)
    with pytest.raises(InvalidConfigError, match="low < high"):
        Maze(name="x", map=ROOM, goal=(1, 1), limit=10, reference=(2.0, 1.0))


def test_starts_are_connected_to_the_goal():
    maze = Maze(name="x", map=ROOM, goal=(1, 1), limit=10)
    assert set(maze.start_cells()) == {(1, 2), (1, 3), (2, 3), (3, 3)}
    assert set(maze.start_cells(goal=True)) == ROOM.reachable((1, 1))
    lonely = Maze(name="x", map=ROOM, goal=(3, 1), limit=10)
    assert lonely.start_cells() == ((3, 1),)
