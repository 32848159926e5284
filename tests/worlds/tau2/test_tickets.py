"""Tickets are made by the benchmark's code, once, and every environment is a copy."""

FIRST = "[mobile]airplane[PERSONA:None]"


def test_names_follow_the_benchmark(office):
    assert office.ids()[:2] == (FIRST, "[mobile]airplane|suspended[PERSONA:Easy]")
    assert len(office.ids()) == 6
    assert set(office.splits["full"]) <= set(office.ids())


def test_a_ticket_is_made_once_with_environments_of_the_office(office):
    before = office.source.managing.get_environment
    ticket = office.ticket("[mobile]airplane|suspended[PERSONA:Easy]")
    assert ticket.issues == 2
    assert office.ticket(ticket.id) is ticket
    assert office.source.managing.get_environment is before


def test_environments_share_no_state(office):
    ticket = office.ticket(FIRST)
    one, two = office.opened(ticket), office.opened(ticket)
    assert one.solo_mode
    assert one.user_tools.db["airplane"]
    one.user_tools.db["airplane"] = False
    assert two.user_tools.db["airplane"]
    assert office.opened(ticket).user_tools.db["airplane"]
    assert not office.environment().solo_mode
