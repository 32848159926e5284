"""A call that does something else now is noticed; its lessons come back under the name of what took its place."""

from agentic_diffusion_worlds.acting.changed import Changed, renamed
from agentic_diffusion_worlds.acting.explore import Knowledge
from agentic_diffusion_worlds.acting.situation import Situation


def case(**facts):
    return Situation(goal=("up",), facts={"lamp": "off", "door": "shut", **facts})


OFF, ON, OPEN = case(), case(lamp="on"), case(door="open")
LAMP, DOOR, BOTH = (OFF, ("switch",)), (OFF, ("handle",)), (OFF, ("switch", "handle", "wait"))


def practised():
    changes = Changed(Knowledge())
    for _ in range(4):
        assert not changes.used(OFF, "switch", ON)
        assert not changes.used(OFF, "handle", OPEN)
    return changes


def test_a_call_that_does_something_else_three_times_has_changed():
    changes = practised()
    assert [changes.used(OFF, "switch", OPEN) for _ in range(3)] == [False, False, True]
    assert changes.calls == ["switch"]
    assert changes.known.effects("switch", least=2) == {("door", "shut"): "open"}  # known at once


def test_a_call_that_only_does_nothing_is_learned_of_and_not_taken_for_changed():
    changes = practised()
    assert not any(changes.used(OFF, "switch", OFF) for _ in range(12))
    assert changes.calls == []
    assert changes.known.becomes("switch", "lamp", "off")["off"] > 0.5


def test_one_surprise_in_between_is_forgotten_when_all_is_as_ever():
    changes = practised()
    assert not any(changes.used(OFF, "switch", after) for after in [OPEN, ON] * 6)
    assert changes.calls == []


def test_lessons_of_two_calls_that_change_places_come_back_with_their_names_changed():
    changes = practised()
    for _ in range(3):
        changes.used(OFF, "switch", OPEN)
    assert changes.laid_aside([LAMP, DOOR, BOTH]) == [DOOR]
    assert (changes.back(), changes.waiting) == (
        [],
        2,
    )  # what opens the door is known, what lights the lamp is not
    for _ in range(3):
        changes.used(OFF, "handle", ON)
    assert changes.laid_aside([DOOR]) == []
    assert changes.back() == [(OFF, ("handle",)), (OFF, ("handle", "switch", "wait")), (OFF, ("switch",))]
    assert changes.waiting == 0


def test_names_change_in_what_was_tried_too():
    tried = Situation(goal=("up",), tried={"switch": "ok", "wait": "failed"})
    situation, calls = renamed((tried, ("wait", "switch")), {"switch": "knob"})
    assert situation.tried == {"knob": "ok", "wait": "failed"}
    assert calls == ("wait", "knob")
    assert renamed((tried, ("wait",)), {"door": "gate"}) == (tried, ("wait",))
