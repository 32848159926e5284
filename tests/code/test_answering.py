"""What a search comes to: the best program with evidence, or reasons."""

from agentic_diffusion.planning.budget import Budget, Clock
from agentic_diffusion_code.answering import answer
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.grammar import trouble
from agentic_diffusion_code.room import Room
from agentic_diffusion_code.search import Search, examine


def search() -> Search:
    return Search(asked("doubles"), None, Clock(Budget()), 8, Room(None, memory_bytes=None, at_once=1))


def test_nothing_is_an_abstention_with_reasons() -> None:
    plan = answer(search(), None)
    assert plan.abstained
    assert plan.confidence == 0
    assert plan.chosen.verdict.evidence["reasons"] == []
    assert plan.unfamiliar is None


def test_the_best_program_is_chosen_and_others_are_told() -> None:
    now = search()
    for source in ("def f(a: str) -> int:\n    return a\n", "def f(a: int) -> int:\n    return a\n"):
        now.attempts[source] = examine(source, now, parses=trouble, lints=False)
    plan = answer(now, lambda description: 0.25)
    assert plan.chosen.value.source == "def f(a: int) -> int:\n    return a\n"
    assert len(plan.considered) == 2
    assert plan.unfamiliar == 0.25
    found = plan.considered[0].verdict.evidence["types"]["findings"]
    assert found == [{"line": 2, "message": "returns str where int is declared"}]
