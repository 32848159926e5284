"""Arguments find their values, and steps wait for what they use."""

import pytest
from agentic_diffusion.planning.domains.toolplan.binding import bind, waits
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.records import Given, Open, PlanStep, Quoted, Result, ToolSpec


def one(goal: str, name: str, **schema: object):
    tool = ToolSpec(name="t", arguments={"properties": {name: schema}, "required": [name]})
    return bind(ToolRequest(goal=goal), chain("t"), Catalogue.of([tool])).steps[0].arguments[name]


def test_arguments_come_from_steps_facts_and_the_goal(catalogue, ask) -> None:
    plan = bind(ask, chain("search_flights", "book_flight", "send_email"), catalogue)
    search, book, send = plan.steps
    assert search.arguments == {"date": Quoted(text="2026-03-01", start=ask.goal.index("2026"))}
    assert book.arguments == {"flight_id": Result(step=0, key="flight_id")}
    assert send.arguments["email"] == Quoted(text="anna@example.org", start=ask.goal.index("anna"))
    assert send.arguments["text"] == Open(type="string", required=True)
    known = bind(ToolRequest(facts={"flight_id": "F7"}), chain("book_flight"), catalogue)
    assert known.steps[0].arguments == {"flight_id": Quoted(text="F7", key="flight_id")}
    number = bind(ToolRequest(facts={"flight_id": 7}), chain("book_flight"), catalogue)
    assert number.steps[0].arguments == {"flight_id": Quoted(text="7", key="flight_id")}


@pytest.mark.parametrize(
    ("goal", "name", "schema", "found"),
    [
        ("pay 25.5 euro", "amount", {"type": "number"}, "25.5"),
        ("for 3 people at 10:30", "people", {"type": "integer"}, "3"),
        ("for 3 people at 10:30", "start_time", {"type": "string"}, "10:30"),
        ("see https://x.org/a for it", "url", {"type": "string"}, "https://x.org/a"),
        ("write 'see you' to him", "text", {"type": "string"}, "see you"),
        ('write "see you" to him', "text", {"type": "string"}, "see you"),
        ("cancel order AB-1234 now", "order_id", {"type": "string"}, "AB-1234"),
    ],
)
def test_types_and_formats_pick_out_text(goal, name, schema, found) -> None:
    told = one(goal, name, **schema)
    assert told == Quoted(text=found, start=goal.index(found))


def test_schemas_with_one_choice_or_a_choice_that_is_named() -> None:
    assert one("x", "unit", const="metre") == Given(value="metre")
    assert one("x", "unit", enum=["metre"]) == Given(value="metre")
    assert one("in Celsius please", "unit", type="string", enum=["celsius", "fahrenheit"]) == Given(
        value="celsius"
    )
    assert one("warm", "unit", type="string", enum=["celsius", "fahrenheit"]) == Open(type="string")
    assert one("nothing here", "amount", type="number") == Open(type="number")
    assert one("nothing here", "amount", type=["number", "null"]) == Open(type="number")
    assert one("nothing here", "amount", type=["number", "string"]) == Open(type="any")


def test_each_piece_of_text_is_used_once() -> None:
    schema = {"type": "string", "format": "date"}
    tool = ToolSpec(name="t", arguments={"properties": {"a": schema, "b": schema, "c": True}})
    goal = "from 2026-01-02 on"
    step = bind(ToolRequest(goal=goal), chain("t"), Catalogue.of([tool])).steps[0]
    assert step.arguments["a"] == Quoted(text="2026-01-02", start=5)
    assert step.arguments["b"] == Open(type="string", required=False)


def test_executed_steps_stay_as_they_were(catalogue) -> None:
    done = PlanStep(tool="search_flights", arguments={"date": Given(value="today")})
    plan = bind(ToolRequest(done=(done,)), chain("search_flights", "book_flight"), catalogue)
    assert plan.done == 1
    assert plan.steps[0].arguments == done.arguments
    assert plan.steps[1].arguments == {"flight_id": Result(step=0, key="flight_id")}


def test_readers_run_side_by_side_and_changes_wait(catalogue) -> None:
    plan = bind(
        ToolRequest(), chain("search_flights", "check_weather", "book_flight", "send_email"), catalogue
    )
    assert [step.after for step in plan.steps] == [(), (), (0, 1), (2,)]
    reads = [ToolSpec(name="r", reads=True, gives=("a",)), ToolSpec(name="s", reads=True, needs=("a",))]
    assert waits([ToolSpec(name="w"), *reads]) == (1,)
    assert waits([ToolSpec(name="w"), ToolSpec(name="r", reads=True)]) == (0,)


def test_references_unions_and_numbered_choices_are_resolved() -> None:
    tool = ToolSpec(
        name="t",
        arguments={
            "properties": {
                "day": {"anyOf": [{"$ref": "#/$defs/Day"}, {"type": "null"}]},
                "guests": {"type": ["integer", "null"]},
                "size": {"enum": [1, 2, 3], "type": "integer"},
            },
            "$defs": {"Day": {"type": "string", "format": "date"}},
        },
    )
    goal = "4 guests on 2026-03-01, size 2"
    step = bind(ToolRequest(goal=goal), chain("t"), Catalogue.of([tool])).steps[0]
    assert step.arguments["day"] == Quoted(text="2026-03-01", start=goal.index("2026"))
    assert step.arguments["guests"] == Quoted(text="4", start=0)
    assert step.arguments["size"] == Given(value=2)
