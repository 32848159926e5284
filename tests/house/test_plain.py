"""No printing, no pickles, no device names, no promises, no addresses of one machine."""

from gates import machine_paths, plain
from gates.tree import ROOT


def test_sources_are_plain() -> None:
    assert plain(ROOT) == []


def test_no_file_names_a_machine_or_an_index() -> None:
    assert machine_paths(ROOT) == []
