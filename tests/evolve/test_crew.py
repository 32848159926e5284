"""Crews: work in order, spread over actors, and the dead named when they die again."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError, MissingExtraError, WorkerError
from agentic_diffusion_evolve.crew import Crew, Role, connect, ray_or_how_to_get_it


class Doubler:
    def __init__(self, unit):
        self.unit = unit

    def work(self, number):
        if number == 13:
            raise ValueError("no such number")
        return self.unit * number

    def alive(self):
        return True


@pytest.fixture
def ray(monkeypatch):
    spec = spec_from_file_location("imitation", Path(__file__).with_name("imitation.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.imitation(deadly=lambda words: words == (66,))
    monkeypatch.setitem(sys.modules, "ray", made)
    return made


def test_results_come_in_order_and_faults_are_said(ray) -> None:
    crew = Crew(ray_or_how_to_get_it(), Doubler, parts=(2,), role=Role(3, cpus=0.5), retries=4)
    assert list(crew.each(((n,) for n in range(12)), what=str)) == [2 * n for n in range(12)]
    assert crew.one((4,), what="four") == 8
    with pytest.raises(ValueError, match="no such number"):
        crew.one((13,), what="thirteen")
    with pytest.raises(WorkerError, match="died 5 times, the last time with piece 1"):
        list(crew.each([(1,), (66,)], what=lambda number: f"piece {number}"))
    crew.close()
    assert [actor.settings for actor in ray.killed] == 3 * [
        {"num_cpus": 0.5, "num_gpus": 0.0, "max_restarts": -1, "max_task_retries": 0}
    ]


def test_what_died_with_its_actor_is_done_again_once_the_actor_answers(ray, monkeypatch, caplog) -> None:
    crew = Crew(ray, Doubler, parts=(2,), role=Role(1))
    deaths, get = [3, 1, 1], ray.get  # of the piece, then of two questions whether the actor is back

    def mortal(reference, *, timeout=None):
        if reference[1] == ():
            assert 590 < timeout <= 600
        if deaths and reference[1] == ((3,) if deaths[0] == 3 else ()):
            deaths.pop(0)
            raise ray.exceptions.RayActorError
        return get(reference)

    monkeypatch.setattr(ray, "get", mortal)
    monkeypatch.setattr("agentic_diffusion_evolve.crew.time.sleep", lambda seconds: None)
    assert list(crew.each([(1,), (3,), (4,)], what=lambda n: f"piece {n}")) == [2, 6, 8]
    assert not deaths
    assert caplog.messages == ["an actor died; piece 1 is done again"]


@pytest.mark.parametrize("fault", ["RayActorError", "GetTimeoutError"])
def test_an_actor_that_keeps_dying_or_hangs_is_an_error(ray, monkeypatch, fault) -> None:
    crew = Crew(ray, Doubler, parts=(2,), role=Role(1))

    def silent(reference, *, timeout=None):
        raise getattr(ray.exceptions, "RayActorError" if reference[1] == (4,) else fault)

    monkeypatch.setattr(ray, "get", silent)
    monkeypatch.setattr("agentic_diffusion_evolve.crew.PATIENCE", 0.0)
    with pytest.raises(WorkerError, match="did not answer within 0 s after one died with four"):
        crew.one((4,), what="four")


def test_work_goes_to_whoever_has_the_least_to_do(ray, monkeypatch) -> None:
    crew = Crew(ray, Doubler, parts=(1,), role=Role(2))
    monkeypatch.setattr(ray, "wait", lambda sent, *, num_returns, timeout: ([], sent))
    for number in range(4):
        crew._send((number,))
    assert [len(sent) for sent in crew._open] == [2, 2]


def test_a_cluster_is_started_once(ray) -> None:
    connect(ray, cpus=2.5)
    connect(ray, cpus=9)
    assert [settings["num_cpus"] for settings in ray.started] == [2]


def test_what_makes_no_sense_is_refused(monkeypatch) -> None:
    for wrong in ({"actors": 0}, {"cpus": -1.0}, {"gpus": -0.5}):
        with pytest.raises(InvalidConfigError):
            Role(**wrong)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"agentic-diffusion-evolve\[ray\]"):
        ray_or_how_to_get_it()
