"""A clone is found, imported without its own hall, and said to be wrong where it is."""

import os
import sys
from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError, MissingExtraError
from agentic_diffusion_worlds.tau2 import CALLS, Desk, Office, book, load
from agentic_diffusion_worlds.tau2.adapter import NEEDED

REAL = "AGENTIC_DIFFUSION_TAU2"


def test_a_clone_is_imported_without_its_hall(clone):
    source = load(clone)
    assert source.personas == ("None", "Easy", "Hard")
    assert [manager.name for manager in source.managers] == ["mobile", "service", "mms"]
    assert len(source.splits["full"]) == 5
    assert load(clone).environment is source.environment


def test_nothing_of_it_is_imported_before_it_is_asked_for():
    assert "tau2" not in sys.modules


def test_another_clone_takes_the_place_of_the_first(clone):
    first = load(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert load(moved).environment is not first.environment


def test_a_wrong_folder_is_named_with_what_it_lacks(clone):
    (clone / NEEDED[-1]).unlink()
    with pytest.raises(InvalidConfigError, match=r"split_tasks\.json.*tau2-bench.*Clone it"):
        load(clone)
    with pytest.raises(InvalidConfigError, match=r"environment\.py"):
        load(clone / "nowhere")


def test_a_missing_library_is_named_with_the_extra(clone):
    (clone / "src/tau2/utils.py").write_text("import a_library_that_is_not_there")
    with pytest.raises(MissingExtraError, match=r"a_library_that_is_not_there.*worlds\[tau2\]"):
        load(clone)
    assert "tau2" not in sys.modules


@pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} does not name a clone of tau2-bench")
def test_the_real_clone_makes_its_published_tickets_and_its_plans_work():
    office = Office(load(Path(os.environ[REAL])))
    assert [len(office.splits[name]) for name in ("full", "train", "test")] == [2285, 74, 40]
    assert set(office.splits["full"]) <= set(office.ids())
    for name in office.splits["train"][:5]:
        ticket = office.ticket(name)
        desk = Desk(office, ticket)
        assert desk.verdict() == 0
        desk.run(book(ticket))
        assert desk.verdict() == 1
        assert {call.name for call in desk.made} <= set(CALLS)
