"""Words before a piece of text tell whose it is."""

import pytest
from agentic_diffusion.planning.domains.toolplan.claims import END, START, alone, belongs, role


def test_roles_of_names() -> None:
    starts, ends = ("checkIn", "sender", "from", "origin"), ("check_out", "recipient", "to", "receiver")
    assert {role(name) for name in starts} == {START}
    assert {role(name) for name in ends} == {END}
    assert role("day") == ""


@pytest.mark.parametrize(
    ("name", "kind", "words", "told"),
    [
        ("sender", "email", "mail from ", True),
        ("recipient", "email", "mail from ", False),
        ("recipient", "email", "mail to ", True),
        ("recipient", "email", "cc ", False),
        ("cc", "email", "cc ", True),
        ("start_time", "time", "the meeting that starts at ", True),
        ("end_time", "time", "ending at ", True),
        ("start_time", "time", "every meeting until ", False),
        ("start_time", "time", "every meeting after ", False),
        ("end_date", "date", "between 2026-03-01 and ", True),
        ("customer_id", "code", "of customer ", True),
        ("customer_id", "code", "customer number ", True),
        ("customer_id", "code", "of customers ", None),
        ("from_account_number", "code", "from my account ", True),
        ("to_account_number", "code", "from my account ", False),
        ("order", "string", "refund order ", True),
        ("day", "date", "on ", None),
    ],
)
def test_words_claim(name, kind, words, told) -> None:
    assert belongs(name, kind, words + "X", start=len(words), figure=None) is told


@pytest.mark.parametrize(
    ("kind", "name", "goal", "told"),
    [
        ("date", "day", "weather on |2026-03-01", True),
        ("date", "day", "until |2026-03-01", False),
        ("date", "day", "flights departing |2026-03-01", True),
        ("date", "day", "born |1980-04-05", False),
        ("date", "day", "paid on |2026-03-01", False),
        ("email", "to", "tell |a@b.org", True),
        ("email", "sender", "mail to |a@b.org", False),
        ("email", "to", "mail for ada and |a@b.org", False),
        ("code", "order_id", "refund |A-7", True),
        ("code", "order_id", "refund for customer |A-7", False),
        ("code", "order_id", "refund |5512", True),
        ("code", "order_id", "refund |300 grams", False),
        ("uri", "url", "anything |x", True),
    ],
)
def test_what_no_word_claims_may_be_bound_where_nothing_speaks_against_it(kind, name, goal, told) -> None:
    start = goal.index("|")
    goal = goal.replace("|", "")
    text = goal[start:].split()[0]
    assert alone(kind, name, "refund", goal=goal, start=start, end=start + len(text)) is told
