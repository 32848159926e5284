"""The doctor finds what is damaged, and only what is needed makes it fail."""

import json
import shutil

import pytest
from agentic_diffusion_cli import doctor as home
from agentic_diffusion_cli import machine
from agentic_diffusion_worlds.maze import planner
from agentic_diffusion_worlds.maze.map import MAZES


@pytest.fixture
def shipped(trained, tmp_path, monkeypatch):
    for maze in MAZES:
        shutil.copytree(trained.folder, tmp_path / maze.name)
    monkeypatch.setattr(planner, "WEIGHTS", tmp_path)
    return tmp_path


def flip(folder):
    path = max(folder.glob("*.safetensors"), key=lambda p: p.stat().st_mtime_ns)
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)


def findings(cli):
    done = cli("doctor", "--json")
    told = json.loads(done.stdout)
    assert told["healthy"] == (done.exit_code == 0)
    return done.exit_code, {(f["area"], f["name"]): f for f in told["findings"]}


def test_a_healthy_installation(cli, shipped):
    done = cli("doctor")
    assert done.exit_code == 0, done.output
    assert "All is well." in done.stdout
    assert "agentic-diffusion-worlds[plot]" in done.stdout
    code, found = findings(cli)
    assert code == 0
    assert found["system", "Python"]["status"] == "ok"
    assert found["torch", "device"]["value"].startswith("c")
    assert {name for area, name in found if area == "packages"} == set(home.MEMBERS)
    assert "parameters, sha256" in found["weights", "large"]["value"]


def test_weights_that_are_gone_or_damaged(cli, shipped):
    flip(shipped / "medium")
    shutil.rmtree(shipped / "umaze")
    done = cli("doctor")
    assert done.exit_code == 1
    assert "is broken" in done.stdout
    _, found = findings(cli)
    assert found["weights", "umaze"]["value"] == "not there"
    assert "damaged" in found["weights", "medium"]["value"]
    assert found["weights", "large"]["status"] == "ok"


def test_the_last_good_version_is_no_failure(cli, shipped):
    design, network, _ = planner.load_network(shipped / "large")
    changed = {name: value + 1 for name, value in network.state_dict().items()}
    planner.save_planner(shipped / "large", design, tensors=changed, facts={})
    path = shipped / "large" / json.loads((shipped / "large" / "card.json").read_text())["weights"]
    path.write_bytes(b"")
    code, found = findings(cli)
    assert code == 0
    assert found["weights", "large"]["status"] == "degraded"


def test_a_member_of_another_version_or_none(cli, shipped, monkeypatch):
    versions = {"agentic-diffusion-worlds": "0.0.1", "agentic-diffusion-code": ""}
    true = machine.installed
    monkeypatch.setattr(machine, "installed", lambda name: versions.get(name, true(name)))
    code, found = findings(cli)
    assert code == 1
    assert found["packages", "agentic-diffusion-worlds"]["status"] == "broken"
    assert found["packages", "agentic-diffusion-code"]["value"] == "not installed"
    assert "pip install" in found["packages", "agentic-diffusion-code"]["advice"]


def test_what_one_can_do_without(cli, shipped, monkeypatch):
    monkeypatch.setattr(home, "EXTRAS", {"none": ("no_such_module",), "deep": ("no_such_module.inside",)})
    code, found = findings(cli)
    assert code == 0
    assert {f["status"] for (area, _), f in found.items() if area == "extras"} == {"missing"}


def test_a_broken_torch_and_an_old_python(cli, shipped, monkeypatch):
    import agentic_diffusion.compute

    def broken():
        raise OSError("no driver")

    monkeypatch.setattr(agentic_diffusion.compute, "Compute", broken)
    monkeypatch.setattr(home, "OLDEST", (9, 0))
    code, found = findings(cli)
    assert code == 1
    assert found["torch", "torch"]["value"] == "OSError: no driver"
    assert found["system", "Python"]["status"] == "broken"


def test_other_packages_can_add_what_they_want_looked_at(cli, shipped, monkeypatch):
    monkeypatch.setattr(home, "AREAS", [lambda: iter([home.Finding("fence", "layer", "up")])])
    assert findings(cli) == (
        0,
        {("fence", "layer"): {"area": "fence", "name": "layer", "value": "up", "status": "ok", "advice": ""}},
    )
