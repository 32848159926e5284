"""Reading: goal, facts and how each tool's text meets them."""

import torch
from agentic_diffusion.planning.domains.toolplan.reading import HINTS, Reading
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest
from agentic_diffusion.planning.domains.toolplan.text import Lexical


def test_hints_know_which_tool_the_goal_speaks_of_and_where(catalogue, ask) -> None:
    read = Reading(catalogue, Lexical(512))
    told = read(ask)
    assert told["goal"].shape == told["facts"].shape == (1, 512)
    assert told["hints"].shape == (1, 5, HINTS)
    hints = told["hints"][0]
    assert hints[:4, 1].argsort(descending=True)[:3].sort().values.tolist() == [0, 1, 2]
    assert hints[0, 2] < hints[1, 2] < hints[2, 2]
    assert hints[4].abs().sum() == 0
    assert told["facts"].abs().sum() == 0


def test_facts_are_read_and_any_encoder_will_do(catalogue) -> None:
    told = Reading(catalogue, lambda texts: torch.ones(len(texts), 3))(ToolRequest(facts={"a": 1}))
    assert told["facts"].tolist() == [[1.0, 1.0, 1.0]]
    assert Reading(catalogue, Lexical(64))(ToolRequest(facts={"a": 1}))["facts"].abs().sum() > 0
