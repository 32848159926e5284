"""The curve of what was learned from outcomes: one row an examination, and two calls that change places."""

from types import SimpleNamespace

import agentic_diffusion_cli.tau2_outcomes as outcomes
import agentic_diffusion_worlds.tau2 as desk
import pytest
from agentic_diffusion_cli.bench_tau2 import show_curve

SHOWN = SimpleNamespace(add_task=lambda *a, **k: 0, update=lambda *a, **k: None)


class Taught:
    """A learner that has a planner after 600 plans."""

    def __init__(self, office, ids, *, seed):
        self.planner, self.solved, self.spent, self.changed = None, {1}, {"exploring": 3}, []

    def practise(self, plans):
        self.planner = "planner" if plans > 600 else None


@pytest.fixture(autouse=True)
def _no_desk(monkeypatch):
    monkeypatch.setattr(desk, "SelfTaught", Taught)
    monkeypatch.setattr(desk, "practice", lambda office: ())
    monkeypatch.setattr(desk, "driven", lambda planner: planner)


def test_two_calls_change_places_and_the_others_stay():
    one, two = outcomes.SWAPPED
    assert (outcomes.swapped(one), outcomes.swapped(two), outcomes.swapped("x")) == (two, one, "x")


def test_seeds_are_examined_at_the_same_marks(monkeypatch):
    twists = []

    def handled(office, ids, driver, *, seed, twist):
        twists.append(twist("toggle_roaming"))
        yield from (SimpleNamespace(success=number > seed) for number, _ in enumerate(ids))

    monkeypatch.setattr(desk, "handled", handled)
    office = SimpleNamespace(splits={"base": ("a", "b", "c", "d")})
    rows = outcomes.curve(office, seeds=2, plans=700, shown=SHOWN)
    assert [(row["phase"], row["plans"]) for row in rows] == [
        ("learning", 500),
        ("learning", 700),
        ("two calls swapped", 700),
        ("two calls swapped", 850),
        ("two calls swapped", 1000),
    ]
    assert rows[1]["success_by_seed"] == [0.75, 0.5]
    assert rows[1]["success"]["mean"] == 0.625
    assert rows[1]["success"]["n"] == 4
    assert twists[:4] == ["toggle_roaming"] + ["toggle_airplane_mode"] * 3


def test_where_no_planner_exists_no_share_is_given(monkeypatch, capsys):
    monkeypatch.setattr(desk, "handled", lambda *a, **k: iter([SimpleNamespace(success=True)]))
    rows = outcomes.curve(SimpleNamespace(splits={"base": ("a",)}), seeds=1, plans=700, shown=SHOWN)
    assert rows[0]["success"] is None
    assert rows[0]["success_by_seed"] == [None]
    assert rows[1]["success"]["mean"] == 1.0
    show_curve(rows)
    assert "no planner yet" in capsys.readouterr().out
