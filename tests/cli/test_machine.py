"""Facts about the machine name no person, no host and no folder."""

import getpass
import json
import os
import platform
import socket
import subprocess
from pathlib import Path

import pytest
import torch
from agentic_diffusion_cli import machine


def test_the_facts():
    facts = machine.facts(torch.device("cpu"))
    assert set(facts) == {
        "cpu", "cores", "memory_gib", "system", "architecture", "python", "torch", "device",
    }  # fmt: skip
    assert facts["cores"] == os.cpu_count()
    assert facts["python"] == platform.python_version()
    assert facts["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert facts["memory_gib"] > 0
    assert facts["device"] == "cpu"
    assert "device" not in machine.facts()


def test_nothing_private_is_in_them():
    said = json.dumps(machine.facts(torch.device("cpu"))).split('"')
    assert socket.gethostname() not in said
    assert getpass.getuser() not in said
    assert not any(part.startswith(os.sep) for part in said)


@pytest.mark.parametrize("text", ["model name\t: A  Fine   CPU\n", "processor : 0\n", None])
def test_the_processor_has_a_name_everywhere(monkeypatch, text):
    monkeypatch.setattr(Path, "is_file", lambda self: text is not None)
    monkeypatch.setattr(Path, "read_text", lambda self, **more: text)
    expected = "A Fine CPU" if text and "model" in text else platform.processor() or platform.machine()
    assert machine.cpu() == expected


def test_a_system_that_does_not_tell_its_memory(monkeypatch):
    def silent(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", silent)
    assert machine.memory() == 0


def test_versions():
    assert machine.installed("torch")
    assert machine.installed("no-such-distribution-here") == ""


def test_an_accelerator_is_called_by_its_model(monkeypatch):
    class Module:
        @staticmethod
        def get_device_name(where):
            return "A Fine GPU"

    monkeypatch.setattr(torch, "get_device_module", lambda where: Module)
    assert machine.device_name(torch.device("meta")) == "A Fine GPU"


def test_the_commit_is_that_of_the_checkout(monkeypatch):
    found = machine.commit()
    if found:
        root = Path(machine.__file__).parent
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True)
        assert found["commit"] == head.stdout.strip()
        assert isinstance(found["dirty"], bool)
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert machine.commit() == {}


def test_a_wheel_inside_of_another_checkout_has_no_commit(monkeypatch):
    monkeypatch.setattr(machine, "_git", lambda folder, *words: "abc" if words[0] == "rev-parse" else "")
    assert machine.commit() == {}
    monkeypatch.setattr(machine, "_git", lambda folder, *words: "abc")
    assert machine.commit() == {"commit": "abc", "dirty": True}
