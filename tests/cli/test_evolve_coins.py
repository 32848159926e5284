"""The glue of evolution: a generation is practised, judged and saved, and never twice."""

import json
from dataclasses import replace

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.evolve_coins import Practice, design_of, practise
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import WEIGHTS, load_network, load_planner

SMALL = Practice(
    rounds=1, tasks=2, steps=2, batch=4, transitions=2000, trials=2, exams=2, candidates=8, drawn=8
)


@pytest.fixture(scope="module")
def plain():
    return load_planner(UMAZE)


def test_the_design_is_read_off_the_planner(plain):
    assert design_of(plain) == load_network(WEIGHTS / "umaze")[0]


@pytest.mark.parametrize("how", [SMALL, replace(SMALL, adaptdiffuser=True)], ids=["ours", "adaptdiffuser"])
def test_a_generation_is_practised_judged_and_saved_once(plain, how, tmp_path):
    before = {name: value.clone() for name, value in plain.denoiser.state_dict().items()}
    (generation,) = practise(plain, UMAZE, how, folder=tmp_path / "new")
    assert generation["round"] == 1
    assert generation["cpu_seconds"] > 0
    assert generation["promoted"] == generation["verdict"]["passed"]
    assert ("why" in generation["verdict"]["evidence"]) == how.adaptdiffuser
    if not how.adaptdiffuser:
        assert generation["outcomes"] > 0
        assert generation["verdict"]["evidence"]["trials"] == 2
    card = json.loads((tmp_path / "new" / "card.json").read_text())
    assert card["generations"] == [generation]
    assert all(bool((value == before[name]).all()) for name, value in plain.denoiser.state_dict().items())
    assert load_planner(UMAZE, tmp_path / "new").count == 16
    assert list(practise(plain, UMAZE, how, folder=tmp_path / "new")) == []
    with pytest.raises(InvalidConfigError):
        list(practise(plain, UMAZE, replace(how, steps=3), folder=tmp_path / "new"))
