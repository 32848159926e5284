"""Lessons are the benchmark's plans and what is left of them on the way; a planner learns them."""

from types import SimpleNamespace

import pytest
import torch
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.acting.planner import Design, trainable
from agentic_diffusion_worlds.acting.situation import Situation
from agentic_diffusion_worlds.tau2 import training
from agentic_diffusion_worlds.tau2.desk import TRANSFER, Desk
from agentic_diffusion_worlds.tau2.tickets import Ticket
from agentic_diffusion_worlds.tau2.training import anything, balanced, book, lessons, teach

BOTH = "[mobile]airplane|suspended[PERSONA:Easy]"
LOST = "[service]ended[PERSONA:Easy]"


def test_the_book_is_read_without_identifiers(office):
    assert book(office.ticket(BOTH)) == ("toggle_airplane_mode", "resume_line")
    assert book(office.ticket(LOST)) == (TRANSFER,)


def test_a_call_that_the_desk_lacks_is_named():
    action = SimpleNamespace(name="explode", arguments={"gb": 3})
    task = SimpleNamespace(evaluation_criteria=SimpleNamespace(actions=[action]))
    with pytest.raises(InvalidConfigError, match="explode"):
        book(Ticket("odd", 1, task))


def test_lessons_say_what_is_left(office):
    (both,) = lessons(office, [BOTH], partial=20)
    assert {left for _, left in both} == {
        ("toggle_airplane_mode", "resume_line"),
        ("resume_line",),
        ("toggle_airplane_mode",),
        (),
    }
    done = next(situation for situation, left in both if not left)
    assert set(done.tried) == {"toggle_airplane_mode", "resume_line"}
    assert anything(done, ()) is False


def test_a_call_that_comes_twice_is_left_once_after_its_first_time(office, monkeypatch):
    plan = ("toggle_airplane_mode", "resume_line", "toggle_airplane_mode", "toggle_airplane_mode")
    monkeypatch.setattr(training, "book", lambda ticket: plan)
    (found,) = lessons(office, [BOTH], partial=0)
    assert [left for _, left in found] == [plan[count:] for count in range(5)]


def test_what_is_left_to_do_is_no_lesson_where_it_is_judged_a_failure(office, monkeypatch):
    monkeypatch.setattr(training, "book", lambda ticket: ("resume_line",))
    assert list(lessons(office, [BOTH])) == [[]]


def test_handing_over_is_learned_after_what_mends_others_too(office):
    _, lost = lessons(office, [LOST, BOTH], partial=20)
    assert {frozenset(situation.tried) for situation, _ in lost} == {
        frozenset(),
        frozenset({"toggle_airplane_mode"}),
        frozenset({"resume_line"}),
        frozenset({"toggle_airplane_mode", "resume_line"}),
    }
    assert {left for _, left in lost} == {(TRANSFER,)}
    assert {situation.facts["contract"] for situation, _ in lost} == {"ended"}


def test_handing_over_is_no_lesson_where_all_that_is_seen_was_mended(office, monkeypatch):
    class Blind(Desk):
        """Shows that a contract has ended only once a call has been made, as a missing card hides that it is locked."""

        def observe(self):
            seen = super().observe()
            hidden = {**seen.facts, "contract": "running"}
            return seen if self.made else seen.model_copy(update={"facts": hidden})

    monkeypatch.setattr(training, "Desk", Blind)
    _, lost = lessons(office, [LOST, BOTH], partial=20)
    assert lost
    assert all(situation.tried and situation.facts["contract"] == "ended" for situation, _ in lost)
    (alone,) = lessons(office, [LOST])
    assert [left for _, left in alone] == [(TRANSFER,)]


def test_a_planner_learns_them(office):
    known = [lesson for found in lessons(office, [BOTH, LOST]) for lesson in found]
    recipe = Recipe(steps=60, learning_rate=0.02, warmup=5, average=0.9)
    *_, planner = teach(known, recipe=recipe, design=Design(width=64), seed=1)
    seen = Desk(office, office.ticket(BOTH)).observe()
    assert set(planner.plan(seen).chosen.value) == {"toggle_airplane_mode", "resume_line"}
    assert planner.plan(Desk(office, office.ticket(LOST)).observe()).chosen.value == (TRANSFER,)


def test_goals_and_transfers_are_drawn_in_balance():
    up, down = Situation(goal=("up",)), Situation(goal=("down",))
    told = [(up, ("a",))] * 3 + [(up, ("transfer_to_human_agents",)), (down, ())]
    assert balanced(told) == [1 / 6, 1 / 6, 1 / 6, 1 / 2, 1]


def test_lessons_that_are_drawn_more_often_are_learned():
    one, two = (Situation(goal=("up",), facts={"lamp": "off"}),) * 2
    known = [(one, ("toggle_data",)), (two, ("toggle_wifi",))]
    recipe = Recipe(steps=60, learning_rate=3e-2, average=0.9)
    for shares, call in (([1.0, 0.0], "toggle_data"), ([0.0, 1.0], "toggle_wifi")):
        *_, planner = teach(known, recipe=recipe, design=Design(width=8), shares=shares)
        assert planner.plan(one, seed=0).chosen.value == (call,)


def test_a_seed_makes_the_same_planner_whatever_torch_drew_before():
    known = [
        (Situation(goal=("up",), facts={"lamp": lamp}), (call,))
        for lamp, call in (("a", "make_payment"), ("b", "toggle_wifi"))
    ]
    told = []
    for before in (1, 2):
        torch.manual_seed(before)
        *_, planner = teach(known, recipe=Recipe(steps=4), design=Design(width=8, dropout=0.5))
        told.append([weight.detach().clone() for weight in trainable(planner).parameters()])
        assert torch.initial_seed() == before
    assert all(torch.equal(one, two) for one, two in zip(*told, strict=True))
