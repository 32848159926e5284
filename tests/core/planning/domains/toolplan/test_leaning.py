"""Leanings follow rare words of goals, are nothing without evidence, and fade."""

import pytest
from agentic_diffusion.planning.domains.toolplan import ToolRequest
from agentic_diffusion.planning.domains.toolplan.leaning import (
    HALF,
    PLACES,
    Heard,
    Leanings,
    goal_of,
    places,
    told_words,
)

BROKEN, LATE = "My lamp is broken", "My lamp is late"


def heard(*calls, at=0):
    leanings = Leanings(100)
    leanings.add(Heard(places(goal), tool, surplus, 1.0, at) for goal, tool, surplus in calls)
    return leanings


def test_forms_of_a_word_are_one_and_their_order_tells_nothing():
    assert places("Charged twice") == places("twice, CHARGE!") != places("charged once")
    assert places("") == places("?!") == ()
    assert (
        len(places(" ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)} {n:b}x" for n in range(99))))
        <= PLACES
    )


def test_goals_are_found_in_requests_and_in_what_is_left_of_them_in_json():
    assert goal_of(ToolRequest(goal="a")) == goal_of({"goal": "a"}) == "a"
    assert goal_of(None) == goal_of({"goal": 3}) == goal_of({}) == ""
    row = told_words(ToolRequest(goal=BROKEN))["words"]
    assert row.shape == (1, PLACES)
    assert tuple(row[row >= 0].tolist()) == places(BROKEN)


def test_like_goals_lean_alike_and_others_do_not():
    calls = [(BROKEN, "fix", 0.5), (LATE, "fix", -0.5), (LATE, "trace", 0.5), (BROKEN, "trace", -0.5)]
    leanings = heard(*calls * 3)
    broken, late = (leanings.of(places(goal), 0) for goal in ("The clock is broken", "The clock is late"))
    assert broken["fix"] > 0.01 > -0.01 > late["fix"]
    assert late["trace"] > 0.01 > -0.01 > broken["trace"]
    assert leanings.of(places("Something else"), 0) == {}
    assert Leanings(5).of(places(BROKEN), 0) == {}


def test_what_every_goal_says_tells_nothing():
    assert heard(*[(BROKEN, "fix", 1.0)] * 9).of(places(BROKEN), 0) == {}


def test_it_fades_and_only_the_newest_are_remembered():
    calls = [(BROKEN, "fix", 0.5), (LATE, "trace", 0.5)]
    leanings = heard(*calls)
    now, later = (leanings.of(places(BROKEN), at)["fix"] for at in (0, 5 * int(HALF)))
    assert now > 10 * later > 0
    few = Leanings(1)
    few.add(Heard(places(goal), tool, surplus, 1.0, 0) for goal, tool, surplus in calls)
    few.add([Heard((), "fix", 1.0, 1.0, 0)])
    assert [call.tool for call in few.calls] == ["trace"]
    assert now == pytest.approx(leanings.of(places(BROKEN), 0)["fix"])
