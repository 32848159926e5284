"""What an explorer finds out: what calls change, what is odd, what was a preparation, and that a tool has changed."""

import numpy as np
from agentic_diffusion_worlds.acting.explore import CHAIN, Knowledge
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


def test_two_values_that_never_met_at_a_good_end_are_odd_together():
    known = Knowledge()
    for _ in range(8):
        known.went_well(case(place="home", roaming="no"))
        known.went_well(case(place="abroad", roaming="yes"))
    assert known.odd(case(place="abroad", roaming="yes")) == set()
    assert known.odd(case(place="abroad", roaming="no")) == {"place", "roaming"}


def test_a_preparation_is_suspected_where_a_call_suddenly_helps():
    known = taught()
    off, on = case(lamp="off"), case(lamp="on")
    for _ in range(3):
        known.saw(off, "restart", off)
    known.credit([(off, "reset"), (off, "restart")], on)
    assert known.rows == {CHAIN.join(("reset", "restart"))}
    known.saw(off, "restart", on)
    known.forget("reset")
    assert known.rows == set()
    known.credit([(off, "other"), (off, "restart")], on)
    assert known.rows == set()  # it has helped before


def test_a_call_that_no_longer_does_what_it_did_is_a_surprise():
    known, off, on = taught(), case(lamp="off"), case(lamp="on")
    for _ in range(4):
        assert not known.surprised(off, "switch", off)  # too little is known
        known.saw(off, "switch", on)
    assert known.surprised(off, "switch", off)
    assert not known.surprised(off, "switch", on)
    assert known.new(off, case(lamp="blue"))
    assert not known.new(off, on)


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
