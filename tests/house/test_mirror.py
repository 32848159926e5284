"""One test file per source file, with the same name."""

from gates import unmirrored
from gates.tree import ROOT


def test_every_source_file_has_its_tests() -> None:
    assert unmirrored(ROOT) == []
