"""The curve of what was learned from outcomes: one row an examination, and two calls that change places."""

from types import SimpleNamespace

import agentic_diffusion_cli.tau2_outcomes as outcomes
import agentic_diffusion_worlds.tau2 as desk


def test_two_calls_change_places_and_the_others_stay():
    one, two = outcomes.SWAPPED
    assert (outcomes.swapped(one), outcomes.swapped(two), outcomes.swapped("x")) == (two, one, "x")


def test_seeds_are_examined_at_the_same_marks(monkeypatch):
    twists = []

    class Taught:
        def __init__(self, office, ids, *, seed):
            self.planner, self.solved, self.spent, self.changed, self.seed = (
                "planner",
                {1},
                {"exploring": 3},
                [],
                seed,
            )

        def practise(self, plans):
            self.plans = plans

    def handled(office, ids, driver, *, seed, twist):
        twists.append(twist("toggle_roaming"))
        yield from (SimpleNamespace(success=number > seed) for number, _ in enumerate(ids))

    monkeypatch.setattr(desk, "SelfTaught", Taught)
    monkeypatch.setattr(desk, "practice", lambda office: ())
    monkeypatch.setattr(desk, "driven", lambda planner: planner)
    monkeypatch.setattr(desk, "handled", handled)
    office = SimpleNamespace(splits={"base": ("a", "b", "c", "d")})
    shown = SimpleNamespace(add_task=lambda *a, **k: 0, update=lambda *a, **k: None)
    rows = outcomes.curve(office, seeds=2, plans=700, shown=shown)
    assert [(row["phase"], row["plans"]) for row in rows] == [
        ("learning", 500),
        ("learning", 700),
        ("two calls swapped", 700),
        ("two calls swapped", 850),
        ("two calls swapped", 1000),
    ]
    assert rows[0]["success_by_seed"] == [0.75, 0.5]
    assert rows[0]["success"]["mean"] == 0.625
    assert rows[0]["success"]["n"] == 4
    assert twists[:5] == ["toggle_roaming"] * 2 + ["toggle_airplane_mode"] * 3
