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
    tool = ToolSpec(name="t", arguments={"properties": {"start": schema, "end": schema, "c": True}})
    step = bind(ToolRequest(goal="from 2026-01-02 on"), chain("t"), Catalogue.of([tool])).steps[0]
    assert step.arguments["start"] == Quoted(text="2026-01-02", start=5)
    assert step.arguments["end"] == Open(type="string", required=False)


TOOLS = {
    "transfer_money": {"amount": "number", "account_id": "string"},
    "refund": {"order": "string", "amount": "number"},
    "refund_order": {"order_id": "string", "amount": "number"},
    "send_email": {"sender": "string", "recipient": "string", "subject": "string"},
    "set_thermostat": {"temperature": "number"},
    "book_hotel": {"city": "string", "nights": "integer", "rooms": "integer"},
    "book_flight": {"destination": "string", "passengers": "integer"},
    "list_invoices": {"customer_id": "string"},
    "delete_meeting": {"start_time": "string"},
}


def read(tool: str, goal: str, **facts: str) -> dict[str, object]:
    properties = {name: {"type": kind} for name, kind in TOOLS[tool].items()}
    made = ToolSpec(name=tool, description=f"{tool}.", arguments={"properties": properties})
    step = bind(ToolRequest(goal=goal, facts=facts), chain(tool), Catalogue.of([made])).steps[0]
    told = {
        name: getattr(each, "text", getattr(each, "value", None)) for name, each in step.arguments.items()
    }
    return {name: each for name, each in told.items() if each is not None}


A = {"account_id": "998877"}


@pytest.mark.parametrize(
    ("tool", "goal", "told"),
    [
        ("transfer_money", "Transfer $1,500.50 to account 998877", {"amount": 1500.5, **A}),
        ("transfer_money", "Transfer 80 euros to account 998877", {"amount": "80", **A}),
        (
            "transfer_money",
            "Transfer 80 euros on 2026-05-03 to account DE99",
            {"amount": "80", "account_id": "DE99"},
        ),
        ("refund_order", "Refund 19.99 on order 5512", {"order_id": "5512", "amount": "19.99"}),
        ("refund_order", "Refund $80 on order #4711.", {"order_id": "4711", "amount": "80"}),
        (
            "send_email",
            "Send an email to bob@x.com from alice@y.org with subject 'Lunch'",
            {"sender": "alice@y.org", "recipient": "bob@x.com", "subject": "Lunch"},
        ),
        (
            "send_email",
            "Email bob@x.com from alice@y.org",
            {"sender": "alice@y.org", "recipient": "bob@x.com"},
        ),
        ("send_email", "Email to bob@x.com, cc carl@x.com", {"recipient": "bob@x.com"}),
        ("set_thermostat", "Set the thermostat to 19", {"temperature": "19"}),
        ("set_thermostat", "Set the temperature to 19 degrees for 2 hours", {"temperature": "19"}),
        (
            "book_hotel",
            "Book 2 rooms at the hotel in Rome for 3 nights",
            {"city": "Rome", "nights": "3", "rooms": "2"},
        ),
        ("book_flight", "Fly to Paris, flight for 2 people", {"passengers": "2"}),
        ("list_invoices", "List invoices before 2026-01-01 of customer 55", {"customer_id": "55"}),
        ("list_invoices", "List the invoices of the 1990s of customer C-7", {"customer_id": "C-7"}),
        ("delete_meeting", "It is 9:00, delete the meeting that starts at 15:30", {"start_time": "15:30"}),
        ("delete_meeting", "Delete the meeting at 15:30, not the one at 9:00", {"start_time": "15:30"}),
    ],
)
def test_sentences_are_bound_rightly(tool, goal, told) -> None:
    assert read(tool, goal) == told


@pytest.mark.parametrize(
    ("tool", "goal", "told"),
    [
        ("transfer_money", "Transfer 1.000 euros to account 998877", A),
        ("transfer_money", "Transfer 2.5 million euros to account 998877", A),
        ("transfer_money", "Transfer 50% of my savings to account 998877", A),
        ("transfer_money", "On 3 May transfer 80 euros to account 998877", A),
        ("transfer_money", "Transfer the amount of invoice 4711 to account 998877", A),
        ("set_thermostat", "Set the thermostat for 2 hours to 19 degrees", {}),
        ("set_thermostat", "At 7 pm set the thermostat to 19", {}),
        ("book_hotel", "My budget is 300, book a hotel in Rome", {"city": "Rome"}),
        ("book_flight", "Book a flight to Paris, 3 days, for my 2 children", {"destination": "Paris"}),
        ("refund", "Refund order 5512 of Ada", {}),
        ("refund", "Refund the order of Ada, placed at 12 Main Street", {}),
        ("list_invoices", "List the 100 newest invoices of Ada", {}),
        *(
            ("book_hotel", f"Book a hotel in {place}", {})
            for place in (
                "Peter Smith's name",
                "Mr Smith's town",
                "Advance",
                "Person",
                "Business class",
                "Germany",
            )
        ),
        ("book_hotel", "Do not book a hotel in Rome", {}),
        # twenty more
        ("transfer_money", "Transfer 1 500 euros to account 998877", A),
        ("transfer_money", "Transfer twice 80 euros to account 998877", A),
        ("transfer_money", "Transfer 80 euros each to account 998877", A),
        ("transfer_money", "Don't transfer 80 euros to account 998877", {}),
        ("transfer_money", "I earn 3000 euros, transfer the rent to account 998877", A),
        ("refund_order", "Order 300 grams of sugar", {}),
        ("refund_order", "Refund order 5512 and order 5513", {}),
        ("refund_order", "Refund 2 of the 3 orders", {}),
        ("send_email", "Email bob@x.com and carl@x.com", {}),
        ("send_email", "Tell bob@x.com that alice@y.org is late", {}),
        ("send_email", "Forward the mail, cc bob@x.com", {}),
        ("set_thermostat", "Set the thermostat on floor 3", {}),
        ("set_thermostat", "Set the thermostat to 19 or 20", {}),
        ("set_thermostat", "Raise the temperature by 5 degrees", {}),
        ("book_hotel", "Book a hotel near Central Park for 2-3 nights", {}),
        ("book_hotel", "Book a hotel in room 12 for at most 3 nights", {}),
        ("list_invoices", "List invoices of customers C-7 and C-8", {}),
        ("list_invoices", "List invoices of bob99@x.com at https://x.org/a7b/123", {}),
        ("delete_meeting", "Delete every meeting after 15:30", {}),
        ("delete_meeting", "Delete the meeting created at 9:00", {}),
    ],
)
def test_what_is_in_doubt_stays_open(tool, goal, told) -> None:
    assert read(tool, goal) == told


def test_text_of_an_argument_that_is_bound_already_is_not_taken() -> None:
    assert read("refund", "Refund order 5512", order="5512") == {"order": "5512"}
    assert read("refund", "Refund order 5512 of Ada", order="5512") == {"order": "5512"}


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
