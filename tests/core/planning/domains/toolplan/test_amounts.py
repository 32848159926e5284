"""Numbers of a goal: what they are worth, and what they count."""

import pytest
from agentic_diffusion.planning.domains.toolplan.amounts import (
    before_it,
    behind_it,
    counts,
    figures,
    measures,
    moments,
    ordered,
    own,
)


def one(goal: str):
    (figure,) = figures(goal, goal)
    return figure


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("80", 80),
        ("-5", -5),
        ("2.5", 2.5),
        ("0.125", 0.125),
        ("1,500.50", 1500.5),
        ("1,500,000", 1500000),
        ("1,500", None),
        ("1.500", None),
        ("1.500,50", None),
        ("1'500", None),
        ("007", None),
        ("2.5 million", None),
        ("80k", None),
        ("50%", None),
        ("50 percent", None),
        ("about 80", None),
        ("at most 80", None),
        ("up to 80", None),
        ("two or 3", None),
        ("3-5", None),
        ("4-star", None),
        ("2 and a half", None),
        ("80 euros each", None),
        ("80 euros more", None),
        ("80 (thousand) euros", None),
        ("68 degrees Fahrenheit", None),
        ("1 of them", None),
    ],
)
def test_a_number_is_read_whole_or_not_at_all(text, worth) -> None:
    assert one(f"pay {text}").value == worth


@pytest.mark.parametrize(
    "goal", ["3 to 5 nights", "2 or 3 nights", "1 500 euros", "sizes 4, 5", "2 1/2 hours"]
)
def test_one_of_several_numbers_is_worth_nothing(goal) -> None:
    assert figures(goal, goal)[0].value is None


@pytest.mark.parametrize(
    "goal", ["on 3 May", "May 3rd, 2026", "at 7 pm", "at 10:30", "2026-03-01T10:30", "3.5.2026", "7 o'clock"]
)
def test_dates_and_times_are_no_numbers(goal) -> None:
    assert list(figures(goal, goal)) == []
    assert len(moments(goal)) == 1


def test_words_around_a_place() -> None:
    assert before_it("No. Send 80", 9) == ("send",)
    assert (behind_it("80 euros", 2), behind_it("80, euros", 2), behind_it("80", 2)) == ("euros", "", "")
    assert own("number_of_guests") == {"guests"}
    assert own("number") == {"number"}


@pytest.mark.parametrize(
    ("goal", "name", "told"),
    [
        ("for 3 nights", "nights", True),
        ("for 1 night", "nights", True),
        ("for 2 people", "passengers", True),
        ("guests: 4", "guests", True),
        ("an amount of 80 to Ada", "amount", True),
        ("temperature to 19 degrees", "temperature", True),
        ("room 12", "rooms", False),
        ("the room 2 rooms away", "room", False),
        ("the amount of 3 invoices", "amount", False),
        ("the amount of invoice 4711", "amount", False),
        ("a total of 300", "number_of_guests", False),
    ],
)
def test_a_number_counts_what_stands_beside_it(goal, name, told) -> None:
    assert counts(name, one(goal)) is told


def test_units_and_commands() -> None:
    assert measures("amount", one("$80"))
    assert measures("amount_eur", one("80 eur"))
    assert not measures("amount_usd", one("80 euros"))
    assert not measures("amount", one("$80 Canadian"))
    assert not measures("nights", one("80 euros"))
    assert ordered("amount", "pay_bill", one("please pay 80 euros to Ada"))
    assert ordered("temperature", "set_thermostat", one("Set the thermostat to 19"))
    assert not ordered("temperature", "set_thermostat", one("Set the alarm to 19"))
    assert not ordered("amount", "pay_bill", one("Pay bill 80"))
    assert not ordered("amount", "pay_bill", one("My budget is 80 euros"))
    assert not ordered("amount", "pay_bill", one("Pay 3 bills"))
