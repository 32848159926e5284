"""The face: every name is there, and geometry comes without a simulator."""

import subprocess
import sys

import agentic_diffusion_worlds.maze as face
import pytest


def test_every_promised_name_is_there():
    assert len(face.__all__) == len(set(face.__all__))
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="'nonsense'"):
        _ = face.nonsense


def test_geometry_is_had_without_a_simulator_or_a_plotter():
    program = (
        "import sys; from agentic_diffusion_worlds.maze import LARGE, Geometry; Geometry(LARGE.map);"
        "print(sorted({'mujoco', 'matplotlib', 'PIL', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
