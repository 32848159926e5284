"""The film: both acts are in it, it is small, quick and of the size that was promised."""

import sys
import time

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError, MissingExtraError
from agentic_diffusion_worlds.maze.film import animate
from agentic_diffusion_worlds.maze.map import LARGE, UMAZE
from agentic_diffusion_worlds.maze.plot import CHOSEN, DRIVE
from PIL import Image

RNG = np.random.default_rng(0)
PLANS = np.linspace((1.0, 1.0), (1.0, 4.0), 24) + RNG.normal(0, 0.05, (16, 24, 2))
DENOISING = [PLANS + RNG.normal(0, 2 * (1 - t), PLANS.shape) for t in np.linspace(0, 1, 20)]
WAY = np.linspace((1.0, 1.0), (1.0, 4.0), 400)


def frames_of(path):
    film = Image.open(path)
    frames = []
    for k in range(film.n_frames):
        film.seek(k)
        frames.append(np.asarray(film.convert("RGB")).astype(int))
    return film, frames


def share(frame, colour):
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return float(np.mean(np.abs(frame - rgb).max(axis=-1) <= 24))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "maze.gif"
    started = time.process_time()
    assert animate(LARGE, denoising=DENOISING, chosen=2, drive=WAY, path=path) == path
    return path, time.process_time() - started


def test_it_is_quick_small_and_of_the_promised_size(film):
    path, seconds = film
    picture, frames = frames_of(path)
    assert seconds < 8
    assert path.stat().st_size < 2_000_000
    assert picture.size == (480, 392)
    assert 60 <= len(frames) <= 120
    assert picture.info["loop"] == 0


def test_noise_first_then_the_choice_then_the_drive(film):
    _, frames = frames_of(film[0])
    chosen = [share(frame, CHOSEN) > 0.001 for frame in frames]
    driven = [share(frame, DRIVE) > 0.0005 for frame in frames]
    assert not chosen[0]
    assert chosen.index(True) < driven.index(True)
    assert all(driven[driven.index(True) :])
    assert share(frames[-1], DRIVE) > share(frames[driven.index(True)], DRIVE)


def test_small_mazes_and_own_goals(tmp_path):
    goal = (1.0, 2.0)
    path = animate(
        UMAZE, denoising=DENOISING[-2:], chosen=0, drive=WAY[:1], path=tmp_path / "u.gif", goal=goal,
        frames=20,
    )  # fmt: skip
    picture, frames = frames_of(path)
    assert picture.size == (360, 392)
    assert len(frames) >= 3


@pytest.mark.parametrize("bad", [{"fps": 0}, {"fps": 51}, {"frames": 5}, {"denoising": []}])
def test_odd_settings_are_refused(tmp_path, bad):
    settings = {"denoising": DENOISING, "chosen": 0, "drive": WAY, "path": tmp_path / "x.gif", **bad}
    with pytest.raises(InvalidConfigError):
        animate(LARGE, **settings)


def test_a_choice_out_of_range_is_refused(tmp_path):
    with pytest.raises(InvalidStateError, match="chosen 16 of 16"):
        animate(LARGE, denoising=DENOISING, chosen=16, drive=WAY, path=tmp_path / "x.gif")


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match=r"agentic-diffusion-worlds\[plot\]"):
        animate(LARGE, denoising=DENOISING, chosen=0, drive=WAY, path=tmp_path / "x.gif")
