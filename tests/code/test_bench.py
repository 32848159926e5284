import json

from agentic_diffusion_code import bench


def test_every_figure_has_its_interval(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr(bench, "_attacks", lambda: iter([{"name": "ours", "figure": "attacks"}]))
    monkeypatch.setattr(bench, "_humaneval", lambda data: iter([{"name": "ours", "figure": "humaneval"}]))
    monkeypatch.setattr(bench, "_soak", lambda runs: iter([{"name": "ours", "figure": "soak"}]))
    rows = bench.run_bench(
        seeds=2,
        runs=6,
        timeouts=2,
        soak_runs=1,
        data=tmp_path,
        progress=lambda *what: told.append(what),
    )
    assert told[-1][0] == "done"
    figures = [row["figure"] for row in rows]
    assert {"latency", "throughput", "timeouts", "attacks", "humaneval", "soak"} == set(figures)
    warm = rows[0]
    assert set(warm["p50_ms"]) == {"mean", "ci95", "n"}
    assert warm["p50_ms"]["n"] == 2
    assert json.loads(bench.as_json(rows)) == rows


def test_the_parts(monkeypatch, fence):
    from agentic_diffusion_code.sandbox.attacks import ATTACKS
    from agentic_diffusion_code.sandbox.testing import Outcome

    outcomes = [Outcome(ATTACKS[0], True), Outcome(ATTACKS[1], False), Outcome(ATTACKS[2], None)]
    monkeypatch.setattr(bench, "attack_all", lambda sandbox: outcomes)
    rows = list(bench._attacks())
    assert rows[0]["held"]["n"] == 2
    assert rows[0]["got_through"] == [ATTACKS[1].name]
    monkeypatch.setattr(bench, "read", lambda path: ())
    assert next(bench._humaneval(None))["accepted"]["n"] == 0
    monkeypatch.setattr(bench, "soak", lambda runs: {"descriptors": 0})
    assert next(bench._soak(5))["descriptors"]["mean"] == 0


def test_statistics():
    assert bench.percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert bench.summary([1.0])["ci95"] == [1.0, 1.0]
    assert bench.share(10, 10)["ci95"][1] <= 1.0
