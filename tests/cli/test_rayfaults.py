"""Killed actors: the trial dies on order, compares with one process, and says what differs."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from agentic_diffusion.errors import MissingExtraError
from agentic_diffusion_cli import rayfaults
from agentic_diffusion_cli.rayfaults import PARTS, Mortal, cluster, evolved, height, remember

IMITATION = Path(__file__).parents[1] / "evolve" / "imitation.py"


def test_a_mortal_dies_once_on_order(tmp_path, monkeypatch) -> None:
    deaths = []
    monkeypatch.setattr(rayfaults.os, "kill", lambda pid, number: deaths.append(number))
    mortal = Mortal(lambda a, seed=0: a + seed, tmp_path / "order")
    assert mortal(1, seed=2) == 3
    mortal.order.touch()
    assert mortal(1, seed=2) is None
    assert deaths == [rayfaults.signal.SIGKILL]
    assert mortal(1, seed=2) == 3


def test_a_trial_compares_with_one_process(tmp_path, monkeypatch) -> None:
    spec = spec_from_file_location("imitation", IMITATION)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    ray = module.imitation()
    ray.shutdown = lambda: ray.started.clear()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(
        Mortal, "__call__", lambda self, *a, **k: (self.order.unlink(missing_ok=True), self.body(*a, **k))[1]
    )
    with cluster(tmp_path) as trial:
        told = trial(2, tmp_path)
        assert told.held, told.why
        assert told.said.startswith(PARTS[2])
        monkeypatch.setattr(Mortal, "__call__", lambda self, *a, **k: self.body(*a, **k))
        assert trial(0, tmp_path).why == "nobody was killed by kill-generator"
    assert not ray.started


def test_evolution_of_the_trial_changes_planners() -> None:
    from agentic_diffusion_evolve import Gate

    gate = Gate([rayfaults.REQUEST], height, seeds=range(1000, 1006), margin=0.05)
    told = evolved(0, {"world": height, "tune": remember, "gate": gate})
    assert len(told) == 2
    assert any(promoted for promoted, *_ in told)


def test_without_ray_the_reader_learns_how_to_get_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError), cluster(tmp_path):
        pass
