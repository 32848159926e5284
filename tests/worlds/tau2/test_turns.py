"""Tickets are drawn in balance: kinds that fail more often, easy ones first, those least visited before others."""

from collections import Counter

import numpy as np
from agentic_diffusion_worlds.tau2 import Office, load, practice
from agentic_diffusion_worlds.tau2.turns import LATELY, PATIENCE, Turns, issues_in, kind_of

RARE = ["[service]a[PERSONA:None]", "[service]a|b[PERSONA:Easy]"]
OFTEN = [f"[mms]a|{letter}[PERSONA:None]" for letter in "bcdefgh"] + ["[mms]a[PERSONA:Hard]"]


def drawn(turns, count=400):
    rng = np.random.default_rng(0)
    return Counter(kind_of(turns.next(rng)) for _ in range(count))


def test_names_tell_kind_and_issues():
    assert (kind_of(RARE[1]), issues_in(RARE[1])) == ("[service", 2)


def test_rare_kinds_have_their_share_and_failing_ones_more():
    turns = Turns([*RARE, *OFTEN], 1)
    assert 150 < drawn(turns)["[service"] < 250
    for _ in range(LATELY):
        turns.attempted(OFTEN[0], True)
        turns.attempted(RARE[0], False)
    assert turns.skill == 0.5
    assert drawn(turns)["[service"] > 300


def test_easy_tickets_come_first_and_then_those_least_visited():
    turns, rng = Turns(OFTEN, 2), np.random.default_rng(0)
    assert {turns.next(rng) for _ in range(30)} == {OFTEN[-1]}
    turns.solved.update(OFTEN[:2])
    seen = Counter(turns.next(rng) for _ in range(300))
    assert set(seen) == set(OFTEN[2:])  # what is unsolved comes before what is solved
    assert seen[OFTEN[-1]] > 200  # and what is easy and unsolved most often
    turns.visits.update({name: PATIENCE for name in OFTEN[2:]})
    assert {turns.next(rng) for _ in range(60)} >= {*OFTEN[:2], OFTEN[-1]}


def test_practice_keeps_the_base_tickets_out(clone):
    office = Office(load(clone))
    assert practice(office) == ("[mms]ended[PERSONA:None]",)


def test_what_was_found_out_gives_hope():
    turns = Turns(OFTEN, 1)
    turns.solved.add(OFTEN[0])
    turns.visits.update({name: PATIENCE for name in OFTEN})
    turns.hope()
    assert (turns.visits[OFTEN[0]], turns.visits[OFTEN[1]]) == (PATIENCE, 0)
