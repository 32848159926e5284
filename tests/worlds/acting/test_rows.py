"""Rows of two calls: suspected of what they did, proven by doing it again, given up or refuted otherwise."""

from agentic_diffusion_worlds.acting.rows import CHAIN, Rows, parts
from agentic_diffusion_worlds.acting.situation import Situation

ROW = CHAIN.join(("reset", "restart"))
OFF, ON = (Situation(goal=("up",), facts={"lamp": lamp}) for lamp in ("off", "on"))
LIT = {("lamp", "off"): "on"}


def suspected():
    rows = Rows()
    assert rows.suspect("reset", "restart", LIT) == ROW
    return rows


def test_a_row_that_does_it_again_is_proven_and_named_when_it_is_completed():
    rows = suspected()
    assert rows.prepared({"reset"}, "restart") == "restart"
    rows.tried(ROW, OFF, ON)
    assert rows.proven == {ROW}
    assert rows.prepared({"reset", "wait"}, "restart") == ROW
    assert rows.prepared({"wait"}, "restart") == "restart"
    assert (parts(ROW), parts("restart")) == (["reset", "restart"], ["restart"])


def test_a_row_that_fails_twice_is_given_up_but_not_where_there_was_nothing_to_do():
    rows = suspected()
    for _ in range(3):
        rows.tried(ROW, ON, ON)
    rows.tried(ROW, OFF, OFF)
    assert ROW in rows.suspected
    rows.tried(ROW, OFF, OFF)
    assert not rows.suspected


def test_a_proven_row_that_mostly_fails_is_given_up_too():
    rows = suspected()
    for after in (ON, OFF, OFF, OFF):
        rows.tried(ROW, OFF, after)
        assert rows.proven == {ROW}
    rows.tried(ROW, OFF, OFF)
    assert not rows.suspected
    assert not rows.proven


def test_a_row_is_refuted_where_its_second_call_does_it_alone():
    rows = suspected()
    rows.alone(OFF, "restart", ON, made={"reset"})
    rows.alone(OFF, "restart", OFF, made={"wait"})
    assert ROW in rows.suspected
    rows.alone(OFF, "restart", ON, made={"wait"})
    assert not rows.suspected
    assert rows.suspect("reset", "restart", LIT) is None


def test_what_is_known_of_a_changed_call_is_forgotten():
    rows = suspected()
    rows.alone(OFF, "restart", ON, made=set())
    rows.suspect("reset", "wait", LIT)
    assert rows.forget("reset") == {CHAIN.join(("reset", "wait"))}
    assert rows.suspect("reset", "restart", LIT) == ROW


def test_a_changed_call_must_prove_its_rows_anew():
    rows = suspected()
    rows.tried(ROW, OFF, ON)
    assert rows.proven == {ROW}
    rows.forget("reset")
    assert rows.suspect("reset", "restart", LIT) == ROW
    rows.tried(ROW, OFF, OFF)
    assert rows.proven == set()
