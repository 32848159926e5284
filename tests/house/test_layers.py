"""The layers of the house hold, and no import runs in a circle."""

from gates import circles, contracts, members
from gates.tree import ROOT


def test_contracts_are_kept() -> None:
    assert contracts(ROOT / "pyproject.toml") == []


def test_no_import_circles_not_for_typing_either() -> None:
    assert circles(ROOT) == []


def test_every_member_is_under_contract_and_covered() -> None:
    assert members(ROOT) == []
