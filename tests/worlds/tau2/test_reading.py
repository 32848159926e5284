"""What reading tools say becomes facts in which equal states read equal."""

from agentic_diffusion_worlds.tau2.desk import Desk
from agentic_diffusion_worlds.tau2.reading import lines

SAID = "Status: 41.5 Mbps (slow)\nno signal\n- Bill: B77, 3 USD"


def test_lines_become_facts_without_their_many_numbers():
    assert lines("check", SAID) == {
        "check.Status": "# (slow)",
        "check.1": "no signal",
        "check.Bill": "#, #",
    }


def test_everything_is_read(office):
    facts = Desk(office, office.ticket("[service]suspended[PERSONA:None]")).observe().facts
    assert facts["location"] == "abroad"
    assert facts["permission sms"] == "True"
    assert facts["permission storage"] == "False"
    assert facts["line"] == "Suspended"
    assert facts["contract"] == "running"
    assert facts["data"] == "left"
    assert facts["bills"] == "Overdue, Paid"
    assert facts["run_speed_test.Speed"] == "#"


def test_an_ended_contract_is_told(office):
    facts = Desk(office, office.ticket("[service]ended[PERSONA:Easy]")).observe().facts
    assert facts["contract"] == "ended"
