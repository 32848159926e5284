"""The figures of the corpus."""

import pytest
from agentic_diffusion_code.corpus.measure import mean, run_bench, share
from agentic_diffusion_code.corpus.render import LANGUAGES


def test_intervals():
    assert share(10, 10)["ci95"][0] == pytest.approx(72.2, abs=0.1)
    assert share(10, 10)["ci95"][1] == pytest.approx(100.0)
    assert share(0, 0)["ci95"] == [0.0, 100.0]
    assert mean([1.0, 3.0]) == {
        "mean": 2.0,
        "ci95": [pytest.approx(0.04, abs=0.01), pytest.approx(3.96, abs=0.01)],
        "n": 2,
    }
    assert mean([5.0])["ci95"] == [5.0, 5.0]


def test_every_language_has_a_row(tmp_path):
    path = tmp_path / "made-up.jsonl"
    path.write_text('{"prompt": "one two three four five six seven eight nine ten eleven twelve thirteen"}\n')
    told = []
    some = ("python", "javascript", "c")
    assert set(some) < set(LANGUAGES)
    rows = run_bench(
        seeds=1, tasks=6, executed=2, against=[path], languages=some, progress=lambda *at: told.append(at)
    )
    assert [row["language"] for row in rows[:-1]] == list(some)
    for row in rows[:-1]:
        assert row["parse_percent"]["mean"] == 100.0
        assert row["round_trip_percent"]["mean"] == 100.0
        assert row["shares_a_passage_percent"]["mean"] == 0.0
        assert row["executed"].startswith("toolchain missing") or row["right_percent"]["mean"] == 100.0
        assert row["sayable_percent"]["mean"] <= 100.0
    assert rows[0]["sayable_percent"]["mean"] == 100.0
    assert rows[-1]["mutants_killed_percent"]["n"] > 0
    assert told[-1][1:] == (3, 3)
