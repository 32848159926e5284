"""Reading: how each tool's text meets the goal, what experience says, and the facts."""

import numpy as np
import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.experience import fit_experience
from agentic_diffusion.planning.domains.toolplan.phrases import fit_phrases
from agentic_diffusion.planning.domains.toolplan.planner import tool_planner
from agentic_diffusion.planning.domains.toolplan.reading import (
    CLAUSES,
    SIGNS,
    Reading,
    Remembered,
    rows_of,
    signs,
)
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest, chain
from agentic_diffusion.planning.domains.toolplan.text import Lexical


def taught(catalogue) -> Reading:
    goals = ["book a flight", "what is the weather", "write to anna"]
    plans = [("search_flights", "book_flight"), ("check_weather",), ("send_email",)]
    rows = Lexical(512)(goals)
    states = ToolPlanDomain(catalogue, 3).encode([chain(*plan) for plan in plans])
    return Reading(catalogue, Lexical(512), fit_experience(rows, states, tools=4).experience)


def test_clauses_meet_the_tools_they_speak_of(catalogue, ask) -> None:
    told = Reading(catalogue, Lexical(512))(ask)
    assert told["meets"].shape == (1, 1 + CLAUSES, 4, 3)
    assert told["places"].shape == (1, 4, 6)
    assert told["recalled"].shape == (1, 0)
    assert told["trust"].tolist() == [[0, 0, 0]]
    assert told["lengths"].shape == (1, 1)
    lexical = told["meets"][0, 1:4, :, 1]
    assert lexical.argmax(dim=0).tolist()[:3] == [0, 1, 2]
    assert told["meets"][..., 0].abs().sum() == 0


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list])
def test_an_encoder_may_give_tensors_arrays_or_lists_of_any_length(catalogue, ask, kind) -> None:
    def encode(texts):
        return kind([[3.0 * ("flight" in text), 4.0 * ("mail" in text), 0.0] for text in texts])

    reading = Reading(catalogue, encode)
    assert reading.tools.norm(dim=1).tolist() == pytest.approx([1, 1, 1, 0])
    assert reading(ask)["meets"][0, 0, :, 1].tolist() == pytest.approx([0.6, 0.6, 0.8, 0.0])
    plan = tool_planner(catalogue.tools, slots=3, width=16, encode=encode).plan(ask)
    assert plan.chosen.verdict.passed


@pytest.mark.parametrize("given", [[[1.0]], [1.0, 2.0], [[1.0], [1.0, 2.0]], [[1.0], [float("nan")]], None])
def test_an_encoder_without_a_row_for_each_text_is_refused(given) -> None:
    with pytest.raises(InvalidConfigError, match="for 2 texts"):
        rows_of(lambda texts: given, ["a", "b"])


def test_rows_that_have_the_right_length_are_left_alone() -> None:
    rows = Lexical(512)(["book a flight", ""])
    assert rows_of(lambda texts: rows, ["a", "b"]).equal(rows)


def test_experience_speaks_for_tools_plans_places_and_lengths(catalogue) -> None:
    told = taught(catalogue)(ToolRequest(goal="book a flight please"))
    scores = told["meets"][0, 0, :, 0]
    assert set(scores.topk(2).indices.tolist()) == {0, 1}
    assert told["places"][0, 0, 0] < 0 < told["places"][0, 1, 0]
    assert told["places"][0, :, 1].argmax().item() in (0, 1)
    assert told["places"][0, :, 3].argmax().item() in (0, 1)
    assert told["lengths"][0].argmax() == 2
    assert told["plans"][0, told["recalled"][0].argmax()].tolist() == [0, 1, 4]
    assert told["recalled"].sum().item() == pytest.approx(1.0)
    assert bool((told["trust"] > 0).all())


def test_phrases_speak_for_their_tools_in_the_clause_that_says_so(catalogue) -> None:
    encode = Lexical(512)
    rows = encode(["reserve a seat", "wire my friend", "will it rain"])
    heard = fit_phrases(rows, torch.tensor([1, 2, 3]), torch.arange(3), count=4).phrases
    told = Reading(catalogue, encode, phrases=heard)(
        ToolRequest(goal="please reserve a seat, then wire my friend")
    )
    spoken = told["meets"][0, :3, :, 2]
    assert spoken[1:].argmax(dim=1).tolist() == [1, 2]
    assert spoken[0].topk(2).indices.sort().values.tolist() == [1, 2]
    assert Reading(catalogue, encode)(ToolRequest(goal="reserve a seat"))["meets"][..., 2].abs().sum() == 0


def test_the_last_request_is_kept_and_others_are_read_anew(catalogue, ask) -> None:
    asked = []

    def encode(texts):
        asked.append(texts)
        return torch.ones(len(texts), 3)

    reading = Reading(catalogue, encode)
    rows, tools, products = reading.look(ask)
    assert tools.shape == (len(rows), len(catalogue))
    assert products is None
    assert reading.look(ask)[0] is rows
    reading(ToolRequest(goal="other"))
    reading(ask)
    assert len(asked) == 4  # three requests and the tools


def test_facts_are_hashed_with_their_values() -> None:
    told = signs(ToolRequest(facts={"a": 1, "b": "x"}))
    assert told.shape == (SIGNS,)
    assert told.sum() == 4
    assert not torch.equal(told, signs(ToolRequest(facts={"a": 2, "b": "x"})))


def test_plans_of_near_examples_are_remembered(catalogue) -> None:
    request = ToolRequest(goal="book a flight please")
    domain = ToolPlanDomain(catalogue, 3, taught(catalogue))
    told = Remembered(domain, most=2)(request)
    assert told[0].tools == ("search_flights", "book_flight")
    assert len(told) == 2
    more = Remembered(domain, most=1, further=lambda request: [chain("send_email")])(request)
    assert [plan.tools for plan in more] == [("send_email",), ("search_flights", "book_flight")]
    assert Remembered(ToolPlanDomain(catalogue, 3))(request) == []
