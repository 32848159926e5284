"""The kernel's side is played by ordinary files, which is all that a control group is."""

import os

import pytest
from agentic_diffusion_code.sandbox import Limits
from agentic_diffusion_code.sandbox.cgroup import Delegated, Group, find


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "root" / "me").mkdir(parents=True)
    (tmp_path / "root" / "cgroup.controllers").write_text("memory pids\n")
    (tmp_path / "root" / "me" / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (tmp_path / "own").write_text("5:pids:/x\n0::/me\n")
    return tmp_path


def test_a_delegated_group_is_found(tree):
    assert find(tree / "root", tree / "own") == Delegated(tree / "root" / "me")


def test_why_there_is_none(tree):
    assert "no control groups" in find(tree / "root", tree / "missing")
    (tree / "root" / "me" / "cgroup.subtree_control").write_text("cpu\n")
    assert "not delegated" in find(tree / "root", tree / "own")
    (tree / "root" / "me" / "cgroup.subtree_control").unlink()
    assert "cannot be read" in find(tree / "root", tree / "own")
    (tree / "own").write_text("5:pids:/x\n")
    assert "no version 2" in find(tree / "root", tree / "own")


def test_a_group_that_is_refused_leaves_nothing(tree):
    # These are plain directories: there is no memory.max to write, as where the kernel refuses.
    delegated = Delegated(tree / "root" / "me")
    assert delegated.group("1", os.getpid(), Limits()) is None
    assert [p.name for p in (tree / "root" / "me").iterdir()] == ["cgroup.subtree_control"]


def test_limits_are_written(tree, monkeypatch):
    written = {}
    module = "agentic_diffusion_code.sandbox.cgroup._write"
    monkeypatch.setattr(module, lambda path, value: written.__setitem__(path.name, value))
    group = Delegated(tree / "root" / "me").group("1", 77, Limits(processes=4))
    assert written == {
        "memory.max": 256 << 20,
        "pids.max": 36,
        "memory.swap.max": 0,
        "cgroup.procs": 77,
    }
    (group.path / "cgroup.procs").write_text("77\n")
    assert group.holds(77)
    assert not group.holds(7)
    (group.path / "cgroup.procs").unlink()
    assert not group.holds(77)
    group.remove()
    assert not group.path.exists()
    group.remove()


def test_a_group_that_is_still_in_use_is_given_up_on(tmp_path):
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "x").write_text("")
    Group(tmp_path / "busy").remove(0.01)
    assert (tmp_path / "busy").exists()


def test_what_this_machine_says(fence):
    layer = next(one for one in fence.report().layers if one.name == "cgroup")
    assert layer.active or layer.evidence
