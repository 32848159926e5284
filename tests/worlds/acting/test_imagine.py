"""Combinations of what was met apart: what is odd is laid together, and so is what is left to do."""

import numpy as np
from agentic_diffusion_worlds.acting.explore import Knowledge
from agentic_diffusion_worlds.acting.imagine import imagined
from agentic_diffusion_worlds.acting.situation import Situation


def case(**facts):
    return Situation(goal=("up",), facts={"lamp": "on", "door": "shut", "key": "here", **facts})


DARK, OPEN, LOST = case(lamp="off"), case(door="open"), case(key="lost")
LESSONS = [(DARK, ("switch",)), (OPEN, ("pull",)), (LOST, ("ask",)), (case(), ())]


def knowledge():
    known = Knowledge()
    for situation in (DARK, OPEN, LOST):
        known.began(situation)
    for _ in range(12):
        known.went_well(case())
    return known


def test_all_combinations_are_imagined_with_all_that_is_left_to_do():
    made = imagined(LESSONS, knowledge(), count=200, rng=np.random.default_rng(0), ending=("ask",))
    assert len(made) == 200
    for situation, left in made:
        wanted = {
            call
            for call, fact, value in (("switch", "lamp", "off"), ("pull", "door", "open"))
            if situation.facts[fact] == value
        }
        assert set(left) == ({"ask"} if situation.facts["key"] == "lost" else wanted)
    assert any(len(left) == 2 for _, left in made)


def test_nothing_is_imagined_where_no_good_end_is_known_or_where_something_new_would_be_odd():
    assert imagined(LESSONS, Knowledge(), count=5, rng=np.random.default_rng(0)) == []
    known = Knowledge()
    for _ in range(8):
        known.went_well(case(lamp="off", door="shut"))
        known.went_well(case(lamp="on", door="open"))
    dark, open_ = case(lamp="off", door="shut"), case(lamp="on", door="open")
    assert not known.odd(dark) | known.odd(open_)
    pair = case(lamp="off", door="open")
    assert known.odd(pair) == {"lamp", "door"}
    made = imagined([(dark, ("a",)), (open_, ("b",))], known, count=9, rng=np.random.default_rng(0))
    assert all(not known.odd(situation) for situation, _ in made)


def test_what_was_tried_in_the_parts_was_tried_in_the_whole():
    begun = DARK.model_copy(update={"tried": {"reset": "ok"}})
    made = imagined(
        [(begun, ("switch",)), (OPEN, ("pull",))], knowledge(), count=40, rng=np.random.default_rng(0)
    )
    assert {("switch" in left, situation.tried.get("reset")) for situation, left in made} == {
        (True, "ok"),
        (False, None),
    }
