"""A place is found where it is beyond doubt, and left open where it is not."""

import pytest
from agentic_diffusion.planning.domains.toolplan.places import named, places
from agentic_diffusion.records import ToolSpec


@pytest.mark.parametrize(
    ("goal", "tool", "name", "told"),
    [
        ("Check the weather in Oslo", "check_weather", "city", "Oslo"),
        ("Check the weather in Oslo, book a hotel there for 3 nights", "book_hotel", "city", "Oslo"),
        ("What is the weather like in New York in March?", "getWeather", "location", "New York"),
        ("weather in Rio de Janeiro please", "weather", "city_name", None),
        ("weather in Rio de Janeiro please", "weather", "city", "Rio de Janeiro"),
        (
            "Find flights from Oslo to Stratford-upon-Avon",
            "search_flights",
            "destination",
            "Stratford-upon-Avon",
        ),
        ("Find flights from Oslo to Rome", "search_flights", "origin", "Oslo"),
        ("Find flights from Oslo to Rome", "search_flights", "city", None),
        ("Book a hotel near Lyon for Anna", "book_hotel", "city", "Lyon"),
        ("Write the report in English and check the weather", "check_weather", "city", None),
        ("Show the weather in Celsius", "weather", "city", None),
        ("Check the weather in May", "check_weather", "city", None),
        ("Check the weather in EUR", "check_weather", "city", None),
        ("Check the weather in oslo", "check_weather", "city", None),
        ("Check the weather in Anna's town", "check_weather", "city", None),
        ("Check the weather in Oslo and Rome", "check_weather", "city", None),
        ("Check the weather in Oslo, Norway", "check_weather", "city", None),
        ("Check the weather in Oslo and the weather in Rome", "check_weather", "city", None),
        ("Write to Anna, then check the weather", "check_weather", "city", None),
        ("Write to Anna and book a hotel in Rome", "write_letter", "destination", None),
        ("Stay in Oslo, go on in Rome, book a hotel there", "book_hotel", "city", None),
        ("Check the weather in Oslo", "check_weather", "text", None),
        ("Check the weather in Anna Smith's town", "check_weather", "city", None),
        ("Check the weather in Rio de Janeiro's bay", "check_weather", "city", None),
        ("Check the weather in Stratford-upon-Avon's park", "check_weather", "city", None),
        ("Check the weather in Norway", "check_weather", "country", "Norway"),
        ("Check the weather in Oslo", "check_weather", "country", None),
        ("Check the weather in Norway", "check_weather", "city", None),
        ("Check the weather in Norway", "check_weather", "location", "Norway"),
        ("Check the weather in Sicily", "check_weather", "town", None),
    ],
)
def test_places_are_found_in_sentences(goal, tool, name, told) -> None:
    found = list(places(goal, name, ToolSpec(name=tool)))
    assert found == ([] if told is None else [(told, goal.index(told))])


def test_words_of_names() -> None:
    assert named("checkIn_date-2") == ("check", "in", "date", "2")
