"""The files are read as they are, and what is kept aside is always the same."""

import json

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.ultratool.data import load, printable, read_rows


def test_tools_links_and_examples_are_read(folder) -> None:
    data = load(folder, test=folder / "test.jsonl")
    assert [tool.name for tool in data.tools][:2] == ["search_flights", "book_flight"]
    assert ("book_flight", "send_email") in data.links
    assert (len(data.train), len(data.test)) == (30, 4)
    request, plan = data.train[0]
    assert request.goal == "Search flights to Oslo and book a seat on the flight"
    assert plan.tools == ("search_flights", "book_flight")
    assert data.phrases[0] == (
        ("Search for flights between two cities", "search_flights"),
        ("Book a seat on a flight", "book_flight"),
    )


def test_without_a_test_file_some_rows_are_kept_aside(folder) -> None:
    data, again = load(folder), load(folder)
    assert (len(data.train), len(data.test)) == (24, 6)
    assert [tuple(tool for _, tool in told) for told in data.phrases] == [
        plan.tools for _, plan in data.train
    ]
    assert data.test == again.test
    assert not {request.goal for request, _ in data.train} & {request.goal for request, _ in data.test}
    plain = (folder / "ultratool-train.jsonl.gz").rename(folder / "packed.jsonl.gz")
    (folder / "ultratool-train.jsonl").write_text("")
    assert load(folder, test=plain).train == ()
    assert len(load(folder, test=plain).test) == 30


def test_what_is_linked_to_itself_may_come_twice_and_steps_may_be_missing(folder) -> None:
    graph = {"links": [{"source": "send_email", "target": "send_email"}]}
    (folder / "ultratool-graph.json").write_text(json.dumps(graph))
    data = load(folder, test=folder / "test.jsonl")
    assert [tool.name for tool in data.tools if tool.repeats] == ["send_email"]
    plain = (folder / "ultratool-train.jsonl.gz").rename(folder / "packed.jsonl.gz")
    row = {"user_request": "write", "task_nodes": [{"task": "send_email"}]}
    strange = {
        **row,
        "task_steps": ["Write a letter", "Step 2 call check_weather", "step 1: call send_email to say hi"],
    }
    (folder / "ultratool-train.jsonl").write_text("\n".join(map(json.dumps, (row, strange))))
    assert load(folder, test=plain).phrases == ((), (("say hi", "send_email"),))


def test_what_is_missing_or_broken_is_refused(folder) -> None:
    with pytest.raises(InvalidConfigError, match=r"nothing\.jsonl"):
        read_rows(folder / "nothing.jsonl")
    (folder / "bad.jsonl").write_text('{"user_request": 3}')
    with pytest.raises(InvalidConfigError, match=r"bad\.jsonl"):
        read_rows(folder / "bad.jsonl")
    for text in ("[]", "{"):
        (folder / "ultratool-tools.json").write_text(text)
        with pytest.raises(InvalidConfigError, match=r"ultratool-tools\.json"):
            load(folder)


def test_what_cannot_be_printed_is_dropped() -> None:
    assert printable(" a\x00b\tc\nd ") == "abc\nd"
