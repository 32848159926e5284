"""What an explorer finds out: what calls change, what is odd, what was a preparation, and that a tool has changed."""

import numpy as np
from agentic_diffusion_worlds.acting.explore import REACH, Knowledge
from agentic_diffusion_worlds.acting.rows import CHAIN
from agentic_diffusion_worlds.acting.situation import Situation


def case(goal="up", **facts):
    return Situation(goal=(goal,), facts=facts)


def taught():
    """Return what is known after one good end: lamps were off at the beginning and on at the end."""
    known = Knowledge()
    for lamp in ("off", "on"):
        known.began(case(lamp=lamp, door="shut"))
    known.went_well(case(lamp="on", door="shut"))
    return known


def test_what_no_good_end_had_is_odd_and_the_call_that_mends_it_is_chosen():
    known, rng = taught(), np.random.default_rng(0)
    assert Knowledge().odd(case(lamp="off")) == {"lamp"}  # nothing is known: anything may be wrong
    assert known.odd(case(lamp="off", door="shut")) == {"lamp"}
    assert known.odd(case(lamp="on", door="shut")) == set()
    assert known.odd(case(lamp="on", door="painted")) == set()  # new, so neither good nor bad
    for _ in range(3):
        known.saw(case(lamp="off"), "switch", case(lamp="on"))
        known.saw(case(lamp="on"), "switch", case(lamp="off"))
        known.saw(case(lamp="off"), "wait", case(lamp="off"))
    assert known.worth(case(lamp="off"), "switch", {"lamp"}) == 1
    assert known.worth(case(lamp="on"), "switch", set()) == -1
    assert known.choose(case(lamp="off"), ["wait", "switch"], rng=rng) == "switch"
    assert known.choose(case(lamp="on"), ["wait", "switch"], rng=rng) == "wait"  # the only harmless one
    assert known.choose(case(lamp="on"), ["switch"], rng=rng) is None


def test_a_detour_over_what_no_good_end_had_is_taken_while_little_was_tried_from_there():
    known, rng = Knowledge(), np.random.default_rng(0)
    owed, asked, paid = (case(bill=state) for state in ("overdue", "asked for", "paid"))
    known.began(owed)
    known.went_well(paid)
    for _ in range(3):
        known.saw(owed, "ask", asked)
        known.saw(owed, "wait", owed)
        known.saw(owed, "pay", owed)
    assert known.choose(owed, ["ask", "wait", "pay"], rng=rng) == "ask"  # new, so it may be right
    known.went_wrong(asked)
    assert known.choose(owed, ["ask", "wait", "pay"], rng=rng) == "ask"  # wrong, but who knows what leads on
    known.saw(asked, "ask", asked)
    known.saw(asked, "wait", asked)
    assert 0 < known.worth(owed, "ask", {"bill"}) < 0.5
    assert known.choose(asked, ["ask", "wait", "pay"], rng=rng) == "pay"
    known.saw(asked, "pay", asked)
    assert known.worth(owed, "ask", {"bill"}) == 0
    known.forget("pay")
    assert known.worth(owed, "ask", {"bill"}) == 0  # all that is still known was tried


def test_two_values_that_never_met_at_a_good_end_are_odd_together():
    known = Knowledge()
    for _ in range(8):
        known.went_well(case(place="home", roaming="no"))
        known.went_well(case(place="abroad", roaming="yes"))
    assert known.odd(case(place="abroad", roaming="yes")) == set()
    assert known.odd(case(place="abroad", roaming="no")) == {"place", "roaming"}


OFF, ON = case(lamp="off"), case(lamp="on")
ROW = CHAIN.join(("reset", "restart"))


def test_a_preparation_is_suspected_where_a_call_suddenly_helps():
    known = taught()
    known.saw(OFF, "restart", OFF)
    known.credit([(OFF, "reset"), (OFF, "restart")], ON)
    assert list(known.rows.suspected) == [ROW]
    assert known.becomes(ROW, "lamp", "off") == {"on": 1.0}
    known.saw(OFF, ROW, ON)
    assert known.rows.proven == {ROW}
    known.forget("reset")
    assert known.rows.suspected == {}
    assert known.becomes(ROW, "lamp", "off") is None
    known.saw(OFF, "restart", ON)
    known.credit([(OFF, "other"), (OFF, "restart")], ON)
    assert known.rows.suspected == {}  # it has helped before


def test_only_the_latest_calls_that_did_nothing_else_may_have_prepared():
    known, mended = taught(), case(lamp="off", door="shut")
    ajar = case(lamp="off", door="ajar")
    known.began(ajar)
    known.saw(mended, "restart", mended)
    known.credit([(ajar, "close"), (mended, "reset"), (mended, "restart")], case(lamp="on", door="shut"))
    assert list(known.rows.suspected) == [ROW]  # what closed the door did something else
    known = taught()
    known.saw(OFF, "restart", OFF)
    path = [(OFF, f"nod {number}") for number in range(REACH)] + [(OFF, "reset"), (OFF, "restart")]
    known.credit(path, ON)
    assert list(known.rows.suspected) == [
        *(CHAIN.join((f"nod {number}", "restart")) for number in range(1, REACH)),
        ROW,
    ]


def test_a_call_that_did_what_it_always_does_needs_no_preparation():
    known = Knowledge()
    dark = case(lamp="off", mood="low")
    known.began(dark)
    known.went_well(case(lamp="on", mood="high"))
    known.saw(dark, "switch", case(lamp="on", mood="low"))
    known.credit([(dark, "reset"), (dark, "switch")], case(lamp="on", mood="high"))
    assert known.rows.suspected == {}


def test_a_call_that_is_needed_and_changes_nothing_prepares_for_the_next_that_does():
    known = taught()
    known.needed([OFF, OFF, OFF, ON], ["reset", "wait", "restart"])
    assert set(known.rows.suspected) == {ROW, CHAIN.join(("wait", "restart"))}


def test_a_call_that_leaves_all_alone_that_it_changed_is_a_surprise_and_more_so_if_it_does_something_else():
    known = taught()
    off, on, ajar = (
        case(lamp=lamp, door=door) for lamp, door in (("off", "shut"), ("on", "shut"), ("off", "ajar"))
    )
    for _ in range(4):
        assert known.surprise(off, "switch", off) == 0  # too little is known
        known.saw(off, "switch", on)
    assert known.surprise(off, "switch", on) == 0
    assert known.surprise(off, "switch", off) == 1
    assert known.surprise(off, "switch", ajar) == 2
    assert known.surprise(on, "switch", on) == 1  # what it makes of "on" has never been seen, but something
    assert known.surprise(on, "switch", off) == 0
    assert known.effects("switch", least=4) == {("lamp", "off"): "on"}
    assert known.effects("switch", least=5) == {}


def test_what_else_moves_does_not_excuse_that_a_call_leaves_alone_what_it_always_changes():
    known = Knowledge()
    for _ in range(4):
        known.saw(
            case(lamp="off", hum="low", door="shut"), "switch", case(lamp="on", hum="high", door="shut")
        )
    silent = case(lamp="off", hum="none", door="shut")
    assert known.surprise(silent, "switch", case(lamp="off", hum="high", door="ajar")) == 2
    assert known.surprise(silent, "switch", case(lamp="on", hum="high", door="ajar")) == 0


def test_what_is_new_is_what_no_task_began_with_and_none_ended_badly_with():
    known, off = taught(), case(lamp="off")
    assert known.new(off, case(lamp="blue"))
    assert not known.new(off, case(lamp="on"))
    known.went_wrong(case(lamp="blue"))
    assert not known.new(off, case(lamp="blue"))


def test_where_nothing_helps_what_never_came_after_the_calls_just_made_is_next():
    known, rng = taught(), np.random.default_rng(0)
    dark = case(lamp="off", door="shut")
    for call in ("hum", "nod", "wait"):
        known.saw(dark, call, dark)
    known.credit([(dark, "hum"), (dark, "nod")], dark)
    for _ in range(10):
        assert known.choose(dark, ["nod", "wait"], rng=rng, made=["hum"]) == "wait"
        assert known.choose(dark, ["nod"], rng=rng, made=["hum"], again=["hum", "wait"]) == "wait"


def test_the_order_in_which_calls_are_given_makes_no_difference():
    known = taught()
    for call in ("hum", "nod", "wait"):
        known.saw(case(lamp="off"), call, case(lamp="off"))
    orders = (["hum", "nod", "wait"], ["wait", "hum", "nod"], ["nod", "wait", "hum", "nod"])
    off = case(lamp="off", door="shut")
    drawn = [
        [known.choose(off, calls, rng=np.random.default_rng(seed), noise=0.1) for seed in range(20)]
        for calls in orders
    ]
    assert drawn[0] == drawn[1] == drawn[2]
    assert len(set(drawn[0])) == 3  # among equals it is drawn


def test_harm_is_no_objection_for_the_bold():
    known, rng = taught(), np.random.default_rng(0)
    dark, lit = case(lamp="off", door="shut"), case(lamp="on", door="shut")
    known.saw(lit, "switch", dark)
    assert known.choose(lit, ["switch"], rng=rng) == "switch"  # who knows what leads on from there
    known.saw(dark, "switch", dark)
    assert known.choose(lit, ["switch"], rng=rng) is None
    assert known.choose(lit, ["switch"], rng=rng, bold=True) == "switch"
