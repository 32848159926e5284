"""Hindsight keeps what worked, from each situation to the end, and nothing of what went wrong."""

from agentic_diffusion_worlds.acting.hindsight import calls_of, hindsight
from agentic_diffusion_worlds.acting.pursue import pursued


def test_what_worked_is_the_lesson(lamp, script):
    pursuit = pursued(script(("plug", "push"), ("push",)), lamp(sticks=True))
    assert [call.result for call in calls_of(pursuit.rounds[0].outcome)] == ["ok", "failed"]
    lessons = hindsight(pursuit)
    assert [lesson.value for lesson in lessons] == [("plug", "push"), ("push",)]
    assert [lesson.reward for lesson in lessons] == [1.0, 1.0]
    assert lessons[0].request.facts == {"plugged": "False"}
    assert len({lesson.id for lesson in lessons}) == 2


def test_a_call_made_twice_counts_where_it_was_made_last(lamp, script):
    pursuit = pursued(script(("plug",), ("plug",), ("plug", "push")), lamp())
    assert [lesson.value for lesson in hindsight(pursuit)] == [("plug", "push")] * 3


def test_failures_teach_nothing_here(lamp, script):
    assert hindsight(pursued(script(("push",)), lamp(), rounds=1)) == []
