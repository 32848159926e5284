"""What a newcomer sees first: opening sentences, signatures, public names, and a light import."""

import subprocess
import sys

from gates import openings, public_names, signatures, unresolved
from gates.faces import exporting
from gates.tree import ROOT


def test_every_module_opens_with_one_plain_sentence() -> None:
    assert openings(ROOT) == []


def test_public_signatures_are_explicit() -> None:
    assert signatures(ROOT) == []


def test_public_names_are_sorted() -> None:
    assert public_names(ROOT) == []


def test_public_names_are_there() -> None:
    assert unresolved(exporting(ROOT)) == []


def test_the_face_does_not_import_torch() -> None:
    look = "import sys, agentic_diffusion; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
