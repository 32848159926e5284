"""The state is plain JSON, and comes back typed."""

import json
import subprocess
import sys
from dataclasses import dataclass

import langgraph_agentic_diffusion as face
import pytest
import torch
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Plan
from langgraph_agentic_diffusion.state import look, plain, plain_plan, read_plan, read_request


@pytest.fixture
def plan(planner):
    return planner().plan(Reach(start=(-1.0, 0.0), goal=(1.0, None)), seed=3)


def test_a_plan_survives_json_and_comes_back_typed(plan):
    fields = json.loads(json.dumps(plain_plan(plan), allow_nan=False))
    assert read_plan({"plan": fields}, Plan[Reach, Trajectory]) == Plan[Reach, Trajectory].model_validate(
        plan.model_dump()
    )
    assert read_plan({"mine": fields}, Plan[Reach, Trajectory], key="mine").request.goal == (1.0, None)


def test_keeping_few_candidates_keeps_the_chosen_and_the_best_in_their_order(plan):
    scores = [c.verdict.score for c in plan.considered]
    for keep in (1, 2, 4, 9):
        fields = plain_plan(plan, keep=keep)
        kept = [c["verdict"]["score"] for c in fields["considered"]]
        assert kept == [s for s in scores if s in sorted(scores, reverse=True)[:keep]]
        assert fields["chosen"] in fields["considered"]


def test_a_chosen_candidate_with_a_low_score_is_kept(plan):
    worst = min(plan.considered, key=lambda c: c.verdict.score)
    fields = plain_plan(plan.model_copy(update={"chosen": worst}), keep=1)
    assert [c["verdict"]["score"] for c in fields["considered"]] == [worst.verdict.score]


def test_plain_turns_records_into_dicts_and_refuses_tensors():
    assert plain({"request": Reach(start=(0.0,))}) == {"request": {"start": [0.0], "goal": None}}
    with pytest.raises(InvalidStateError, match=r"a dict that is not plain JSON.*tolist"):
        plain({"x": torch.zeros(1)})


def test_states_may_be_mappings_or_objects():
    @dataclass
    class State:
        request: Reach

    assert look(State(Reach()), "request") == Reach()
    assert look(State(Reach()), "plan") is None
    assert look({"plan": 1}, "plan") == 1
    assert read_request(State(Reach(start=(1.0,))), Reach).start == (1.0,)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "a state without 'request'"),
        ({"request": None}, "a state without 'request'"),
        ({"request": {"begin": [0.0]}}, "request.begin: Extra inputs are not permitted"),
        ({"request": {"start": "here", "goal": 1}}, "2 fault"),
        ({"request": "go there"}, "request: Input should be a valid dictionary"),
    ],
)
def test_bad_requests_say_what_is_wrong(state, words):
    with pytest.raises(InvalidStateError) as caught:
        read_request(state, Reach)
    assert words in str(caught.value)
    assert "the fields of Reach" in caught.value.expected


def test_a_missing_plan_names_its_key():
    with pytest.raises(InvalidStateError, match="a state without 'plan'"):
        read_plan({}, Plan[Reach, Trajectory])


def test_the_face_and_the_state_import_neither_torch_nor_langgraph():
    code = (
        "import sys, langgraph_agentic_diffusion as face\n"
        "face.PlannerState, face.read_plan\n"
        "sys.exit(str({'torch', 'langgraph.graph', 'langchain_core'} & set(sys.modules) or ''))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.strip() == ""


def test_the_face_shows_every_name_and_no_other():
    assert set(face.__all__) < set(dir(face))
    assert all(getattr(face, name) is not None for name in face.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = face.nothing
