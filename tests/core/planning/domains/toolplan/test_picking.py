"""Text of a goal finds its argument by type and by the words around it."""

import pytest
from agentic_diffusion.planning.domains.toolplan.picking import picked
from agentic_diffusion.planning.domains.toolplan.schemas import Shape
from agentic_diffusion.records import Given, ToolSpec

DATE, WHOLE, TEXT = Shape(("string",), "date"), Shape(("integer",)), Shape(("string",))
A, B = "2026-03-01", "2026-03-05"


def pick(goal: str, *, tool: str = "stay", about: str = "", **wanted: Shape) -> dict[str, object]:
    told = picked(goal, ToolSpec(name=tool, description=about), wanted)
    assert all(isinstance(each, Given) or goal[each.start :].startswith(each.text) for each in told.values())
    return {name: each.value if isinstance(each, Given) else each.text for name, each in told.items()}


@pytest.mark.parametrize(
    "goal",
    [f"from {A} to {B}", f"until {B}, starting on {A}", f"between {A} and {B}", f"{A} - {B}", f"{A}, {B}"],
)
@pytest.mark.parametrize(
    ("start", "end"), [("start_date", "end_date"), ("checkIn", "checkOut"), ("from", "to")]
)
def test_spans_of_time_go_by_the_words_before_them_whatever_the_order_of_the_schema(goal, start, end) -> None:
    assert pick(goal, **{end: DATE, start: DATE}) == {start: A, end: B}


def test_one_end_of_a_span_is_not_taken_for_the_other() -> None:
    assert pick(f"until {B}", start=DATE, end=DATE) == {"end": B}
    assert pick(f"since {A}", end=DATE, start=DATE) == {"start": A}
    assert pick(f"on {A}", end=DATE, start=DATE) == {"start": A}
    assert pick(f"until {B}", day=DATE) == {}


def test_numbers_go_by_the_words_around_them() -> None:
    assert pick("2 rooms for 3 nights", nights=WHOLE, rooms=WHOLE) == {"nights": "3", "rooms": "2"}
    assert pick("guests: 4, 2 rooms", rooms=WHOLE, guests=WHOLE) == {"rooms": "2", "guests": "4"}
    assert pick("for 3 in 2", nights=WHOLE, rooms=WHOLE) == {}


@pytest.mark.parametrize(
    ("goal", "name", "may", "told"),
    [
        ("at 2026-03-01T10:30 sharp", "when", Shape(("string",), "date-time"), "2026-03-01T10:30"),
        ("at 2026-03-01T10:30:00Z", "start_time_date", TEXT, "2026-03-01T10:30:00Z"),
        ("on 2026-03-01", "when", Shape(("string",), "date-time"), None),
        ("update 2026-03-01", "update", TEXT, None),
        ("2 or 2.5", "factor", Shape(("integer", "number")), None),
        ("factor 2.5", "factor", Shape(("integer", "number")), "2.5"),
        ("turn level 3 on", "level", Shape(("integer",), "", (1, 2, 3)), 3),
        ("turn 3 on", "level", Shape(("integer",), "", (1, 2, 3)), None),
        ("turn it on 2026-03-3", "level", Shape(("integer",), "", (1, 2, 3)), None),
        ("turn true", "level", Shape(("boolean",), "", (True, False)), None),
    ],
)
def test_formats_and_choices(goal, name, may, told) -> None:
    assert pick(goal, **{name: may}) == ({} if told is None else {name: told})


def test_an_address_is_one_of_mail_where_the_tool_sends_mail() -> None:
    goal = "Write to anna@example.org: 'hello'"
    assert pick(goal, tool="send_email", address=TEXT, text=TEXT) == {
        "address": "anna@example.org",
        "text": "hello",
    }
    assert pick(goal, about="Sends an e-mail.", to=TEXT) == {"to": "anna@example.org"}
    assert pick(goal, tool="ship_parcel", address=TEXT) == {"address": "hello"}
