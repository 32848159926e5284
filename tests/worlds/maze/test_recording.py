"""Data on disk: written whole, read back equal, and any damage noticed."""

import json

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion_worlds.maze.geometry import D4RL
from agentic_diffusion_worlds.maze.map import LARGE, MAZES, UMAZE, Maze
from agentic_diffusion_worlds.maze.recording import (
    CARD,
    TENSORS,
    MazeData,
    Recipe,
    load,
    save,
)

RECIPE = Recipe(UMAZE, size=10, seed=4, noise=0.5)


def some(n=10, chunk=0, seed=0):
    rng = np.random.default_rng(seed)
    return MazeData(
        observations=rng.normal(size=(n, 4)).astype(np.float32),
        actions=rng.normal(size=(n, 2)).astype(np.float32),
        goals=rng.normal(size=(n, 2)).astype(np.float32),
        episodes=np.arange(n, dtype=np.int32) // 4,
        chunks=np.full(n, chunk, dtype=np.int32),
        timeouts=np.zeros(n, dtype=np.bool_),
    )


def test_default_sizes_are_d4rls():
    assert [Recipe(maze).size for maze in MAZES] == [1_000_000, 2_000_000, 4_000_000]
    own = Maze(name="own", map=LARGE.map, goal=(1, 1), limit=10)
    assert Recipe(own).size == 1_000_000
    assert Recipe(LARGE, size=5).size == 5


@pytest.mark.parametrize("bad", [{"size": -1}, {"seed": -1}, {"noise": -0.1}, {"noise": np.nan}])
def test_bad_recipes_are_refused(bad):
    with pytest.raises(InvalidConfigError, match="negative"):
        Recipe(UMAZE, **bad)


def test_card_says_everything_that_decides_the_data():
    card = RECIPE.card()
    assert json.loads(json.dumps(card)) == card
    assert card["maze"]["map"] == list(UMAZE.map.rows)
    assert card["maze"]["reference"] == [23.85, 161.86]
    assert card["gains"] == {"p": 10.0, "d": -1.0, "near": 0.1, "calm": 0.1, "jitter": 0.2}
    assert card["profile"]["wall_offset"] == D4RL.wall_offset
    assert (card["seed"], card["noise"], card["size"]) == (4, 0.5, 10)


def test_what_is_saved_is_loaded_again(tmp_path):
    data = some()
    folder = save(data, tmp_path / "deep" / "data", recipe=RECIPE)
    again, card = load(folder)
    for name, array in data.arrays().items():
        np.testing.assert_array_equal(getattr(again, name), array)
        assert getattr(again, name).dtype == array.dtype
    assert card["sha256"] == data.sha256()
    assert card["transitions"] == 10
    assert card["recipe"] == RECIPE.card()
    assert card["mujoco"].count(".") >= 2
    assert sorted(file.name for file in folder.iterdir()) == [CARD, TENSORS]


def test_saving_again_replaces(tmp_path):
    save(some(seed=1), tmp_path, recipe=RECIPE)
    save(some(seed=2), tmp_path, recipe=RECIPE)
    assert load(tmp_path)[0].sha256() == some(seed=2).sha256()


def test_views_are_saved_as_they_look(tmp_path):
    whole = some(20)
    part = MazeData(**{name: array[::2] for name, array in whole.arrays().items()})
    save(part, tmp_path, recipe=RECIPE)
    np.testing.assert_array_equal(load(tmp_path)[0].observations, whole.observations[::2])


def test_a_flipped_bit_is_noticed(tmp_path):
    save(some(), tmp_path, recipe=RECIPE)
    raw = bytearray((tmp_path / TENSORS).read_bytes())
    raw[-5] ^= 4
    (tmp_path / TENSORS).write_bytes(raw)
    with pytest.raises(StoreError, match="hash"):
        load(tmp_path)


def test_half_a_file_is_noticed(tmp_path):
    save(some(), tmp_path, recipe=RECIPE)
    raw = (tmp_path / TENSORS).read_bytes()
    (tmp_path / TENSORS).write_bytes(raw[: len(raw) // 2])
    with pytest.raises(StoreError, match="readable"):
        load(tmp_path)


@pytest.mark.parametrize("lost", [TENSORS, CARD])
def test_a_lost_file_is_named(tmp_path, lost):
    save(some(), tmp_path, recipe=RECIPE)
    (tmp_path / lost).unlink()
    with pytest.raises(StoreError, match="Generate the data again"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 99, "sha256": "x"}'])
def test_odd_cards_are_refused(tmp_path, text):
    save(some(), tmp_path, recipe=RECIPE)
    (tmp_path / CARD).write_text(text, encoding="utf-8")
    with pytest.raises(StoreError):
        load(tmp_path)


def test_a_failed_write_leaves_the_old_data(tmp_path, monkeypatch):
    save(some(seed=1), tmp_path, recipe=RECIPE)

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr("agentic_diffusion_worlds.maze.recording.save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        save(some(seed=2), tmp_path, recipe=RECIPE)
    monkeypatch.undo()
    assert load(tmp_path)[0].sha256() == some(seed=1).sha256()
    assert sorted(file.name for file in tmp_path.iterdir()) == [CARD, TENSORS]


def test_hash_sees_every_array_and_its_type():
    data = some()
    seen = {data.sha256()}
    for name, array in data.arrays().items():
        changed = array.copy()
        changed[3] = ~changed[3] if array.dtype == bool else changed[3] + 1
        seen.add(MazeData(**{**data.arrays(), name: changed}).sha256())
    seen.add(MazeData(**{**data.arrays(), "goals": data.goals.astype(np.float64)}).sha256())
    assert len(seen) == 8


def test_join_numbers_episodes_through():
    joined = MazeData.join([some(10), some(6, chunk=1)])
    assert joined.episodes.tolist() == [0] * 4 + [1] * 4 + [2] * 2 + [3] * 4 + [4] * 2
    assert joined.episodes.dtype == np.int32
    assert len(joined) == 16
    with pytest.raises(InvalidConfigError, match="no chunks"):
        MazeData.join([])


def test_arrays_of_unequal_length_are_refused():
    with pytest.raises(InvalidConfigError, match="Cut all arrays alike"):
        MazeData(**{**some().arrays(), "actions": np.zeros((9, 2), np.float32)})
