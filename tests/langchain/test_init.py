"""The face shows its names, and importing it imports neither torch nor LangChain."""

import subprocess
import sys

import langchain_agentic_diffusion as face
import pytest


def test_the_face_is_light():
    look = "import sys, langchain_agentic_diffusion; sys.exit(bool({'torch', 'langchain_core'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


def test_the_face_shows_every_name_and_no_other():
    assert set(face.__all__) < set(dir(face))
    assert all(getattr(face, name) is not None for name in face.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = face.nothing
