"""Proposals on disk: the same tasks again, whatever was forgotten since."""

import pytest
from agentic_diffusion.errors import StoreError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.propose import Replay
from agentic_diffusion_evolve.written import Written


def test_written_proposals_outlive_what_is_forgotten(tmp_path) -> None:
    path = tmp_path / "deep" / "proposals.jsonl"
    memory = ListMemory()
    memory.add_many(Outcome(request=q, value=0, reward=1) for q in "ab")
    before = [Written(Replay(memory, count=2), path, str)(n) for n in (1, 2)]
    again = Written(Replay(ListMemory()), path, str)
    assert [again(1), again(2), again(3)] == [*before, []]
    assert again(1, count=1) == before[0][:1]
    with pytest.raises(StoreError, match="proposals"):
        Written(Replay(memory), path, int)(1)
    path.write_text("{")
    with pytest.raises(StoreError, match="proposals"):
        again(1)
