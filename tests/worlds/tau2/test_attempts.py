"""A call is known to be needed where what it put right never went well without it."""

from agentic_diffusion_worlds.acting.explore import Knowledge
from agentic_diffusion_worlds.acting.situation import Situation
from agentic_diffusion_worlds.tau2.attempts import ENOUGH, Attempt, certain

OFF, ON = (Situation(goal=("up",), facts={"lamp": lamp, "door": "shut"}) for lamp in ("off", "on"))
FOUND = Attempt(("wait", "switch"), (OFF, OFF, ON), success=True)


def test_a_call_is_needed_where_enough_lessons_say_so_and_none_denies_it():
    known = Knowledge()
    known.began(OFF)
    known.went_well(ON)
    lessons = [(OFF, ("switch",))] * ENOUGH
    assert certain(FOUND, 1, lessons=lessons, known=known)
    assert not certain(FOUND, 0, lessons=lessons, known=known)  # it put nothing right
    assert not certain(FOUND, 1, lessons=lessons[1:], known=known)
    assert not certain(FOUND, 1, lessons=[*lessons, (OFF, ("knock",))], known=known)
    assert not certain(
        FOUND, 1, lessons=[(Situation(goal=("down",), facts=OFF.facts), ("switch",))] * 9, known=known
    )
