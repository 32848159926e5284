"""Mazes by size and by drawing."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.mazes import Size, maze_of, read_maze
from agentic_diffusion_worlds.maze.map import MAZES

DRAWN = """
    #######
    #  G#.#
    # #.#.#
    #.....#
    #######
"""


def test_sizes_are_those_of_d4rl():
    assert [maze_of(size) for size in Size] == list(MAZES)


def test_a_drawing(tmp_path):
    path = tmp_path / "my maze.txt"
    path.write_text(DRAWN)
    maze = maze_of(Size.large, path)
    assert maze.name == "my maze"
    assert maze.goal == (1, 3)
    assert maze.map.is_free_cell((1, 3))
    assert maze.reference is None
    assert maze.limit >= 300
    path.write_text(DRAWN.replace("G", "."))
    assert read_maze(path).goal == (3, 5)


@pytest.mark.parametrize("text", ["#####\n#G.G#\n#####", "#..#", "", b"\xff\xfe\xfa"])
def test_drawings_that_are_no_maze(tmp_path, text):
    path = tmp_path / "no.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidConfigError):
        read_maze(path)


def test_a_drawing_that_is_not_there(tmp_path):
    with pytest.raises(InvalidConfigError, match="No such file"):
        read_maze(tmp_path / "none.txt")
