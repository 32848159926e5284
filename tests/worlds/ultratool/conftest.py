"""A tiny data set in the files of UltraTool, of our own making."""

import gzip
import json
from itertools import pairwise

import pytest

TOOLS = {
    "search_flights": "Search for flights between two cities",
    "book_flight": "Book a seat on a flight",
    "send_email": "Send an e-mail to somebody",
    "check_weather": "Look up the weather of a city",
}
TEXTS = {
    ("search_flights", "book_flight"): "Search flights to {} and book a seat on the flight",
    ("check_weather", "send_email"): "Look up the weather in {} and send an email about it",
    ("search_flights", "book_flight", "send_email"): "Search flights to {}, book a seat and send an email",
}
CITIES = ("Oslo", "Lima", "Rome", "Cairo", "Quito", "Delhi", "Accra", "Seoul", "Paris", "Tunis")


def lines(cities):
    return [
        {
            "user_request": text.format(city) + "\n",
            "task_nodes": [{"task": name} for name in plan],
            "task_steps": [f"Step {k + 1} Call {name} to {TOOLS[name]}" for k, name in enumerate(plan)],
            "task_links": [],
        }
        for city in cities
        for plan, text in TEXTS.items()
    ]


@pytest.fixture
def folder(tmp_path):
    nodes = [{"id": name, "desc": text} for name, text in TOOLS.items()]
    links = [{"source": one, "target": two} for plan in TEXTS for one, two in pairwise(plan)]
    (tmp_path / "ultratool-tools.json").write_text(json.dumps({"nodes": nodes}))
    (tmp_path / "ultratool-graph.json").write_text(json.dumps({"nodes": nodes, "links": links}))
    with gzip.open(tmp_path / "ultratool-train.jsonl.gz", "wt") as file:
        file.write("\n".join(map(json.dumps, lines(CITIES))))
    unseen = {"user_request": "Book the flight", "task_nodes": [{"task": "book_flight"}]}
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, [*lines(["Bern"]), unseen])))
    return tmp_path
