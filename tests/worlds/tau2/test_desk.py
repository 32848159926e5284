"""The desk fills in arguments, ends where it should, and judges as the benchmark does."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_worlds.acting.domain import Acting
from agentic_diffusion_worlds.acting.planner import Design, make_planner
from agentic_diffusion_worlds.tau2.desk import CALLS, TRANSFER, Desk

BOTH = "[mobile]airplane|suspended[PERSONA:Easy]"
LOST = "[mms]ended[PERSONA:None]"


def test_a_ticket_is_solved_when_its_assertions_hold(office):
    desk = Desk(office, office.ticket(BOTH))
    assert desk.verdict() == 0
    assert desk.call("resume_line").result == "ok"
    assert desk.verdict() == 0
    desk.run(["toggle_airplane_mode"])
    assert desk.verdict() == 1
    assert not desk.over
    assert desk.observe().tried == {"resume_line": "ok", "toggle_airplane_mode": "ok"}


def test_a_demanded_transfer_must_be_made_and_ends_the_ticket(office):
    desk = Desk(office, office.ticket(LOST))
    assert desk.verdict() == 0
    made = desk.run([TRANSFER, "toggle_data"])
    assert [call.name for call in made] == [TRANSFER]
    assert desk.over
    assert desk.verdict() == 1


def test_a_call_that_raises_has_failed_and_an_unknown_one_is_refused(office):
    desk = Desk(office, office.ticket(BOTH))
    assert desk.call("refuel_data 2.0").result == "failed"
    with pytest.raises(InvalidStateError, match="explode"):
        desk.call("explode")


def test_tools_can_be_twisted(office):
    swap = {"toggle_data": "toggle_airplane_mode"}
    desk = Desk(
        office, office.ticket("[mobile]airplane[PERSONA:None]"), twist=lambda name: swap.get(name, name)
    )
    desk.call("toggle_data")
    assert desk.verdict() == 1


@pytest.mark.parametrize("calls", [(), CALLS[-1:]])
def test_a_plan_without_calls_ends_the_ticket(office, calls):
    desk = Desk(office, office.ticket(BOTH))
    planner = make_planner(Acting(CALLS), Design(width=8, count=2), objects=lambda situation, plan: False)
    plan = planner.plan(desk.observe())
    chosen = plan.chosen.model_copy(update={"value": calls})
    outcome = desk.act(plan.model_copy(update={"chosen": chosen}))
    assert outcome.value == calls
    assert desk.over == (not calls)
