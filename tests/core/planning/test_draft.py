"""Drafts are made when somebody looks at them, and once."""

from agentic_diffusion.planning.draft import Draft
from agentic_diffusion.records import DenoiseEvent


def test_nothing_is_made_until_it_is_looked_at() -> None:
    made: list[int] = []

    def guess() -> str:
        made.append(1)
        return "states"

    draft = Draft(DenoiseEvent(step=1, total=2, time=0.5, seconds=0.1), guess)
    assert made == []
    assert (draft.states, draft.states, made) == ("states", "states", [1])
