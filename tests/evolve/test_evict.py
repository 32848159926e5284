"""Eviction: the best of every task, the newest, a quota."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_evolve.evict import Entry, KeepBest, PerTask, Recent


def entries(*rows):
    return [Entry(f"{i}", task, reward, trust, i) for i, (task, reward, trust) in enumerate(rows)]


def kept(rule, known):
    return {entry.id for entry in known} - set(rule(known))


def test_keep_best_keeps_every_task_before_the_second_best_of_any() -> None:
    known = entries(("easy", 9, 1), ("easy", 8, 1), ("easy", 7, 1), ("hard", 0.1, 1), ("hard", 0, 1))
    assert kept(KeepBest(2), known) == {"0", "3"}
    assert kept(KeepBest(3), known) == {"0", "1", "3"}
    assert kept(KeepBest(9), known) == {"0", "1", "2", "3", "4"}


def test_keep_best_does_not_believe_what_is_not_trusted() -> None:
    known = entries(("a", 1, 1), ("a", 2, 1), ("a", 1000, 0.0), ("a", -5, 1))
    assert kept(KeepBest(1), known) == {"1"}
    assert kept(KeepBest(1), entries(("a", -2, 1), ("a", -1, 0.0), ("a", -3, 1))) == {"1"}


def test_recent_and_per_task_keep_the_newest() -> None:
    known = entries(("a", 5, 1), ("b", 4, 1), ("a", 3, 1), ("a", 2, 1))
    assert kept(Recent(2), known) == {"2", "3"}
    assert kept(PerTask(1), known) == {"1", "3"}
    assert kept(PerTask(2), known) == {"1", "2", "3"}
    assert kept(Recent(2), []) == set()


@pytest.mark.parametrize("rule", [KeepBest, Recent, PerTask])
def test_keeping_nothing_is_refused(rule) -> None:
    with pytest.raises(InvalidConfigError, match="at least one"):
        rule(0)
