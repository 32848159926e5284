"""The benchmark from files to rows, at the smallest size."""

import sys
from types import ModuleType

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.outside import Beside
from agentic_diffusion_worlds.ultratool.bench import KINDS, OURS, Bench, Settings, encoding
from agentic_diffusion_worlds.ultratool.data import load


def test_every_row_is_measured(folder) -> None:
    settings = Settings(steps=12, width=16, count=2, seeds=1, curve=(9,))
    bench = Bench(load(folder, test=folder / "test.jsonl"), settings)
    ticks = list(bench.run())
    assert ticks[-1].done <= ticks[-1].total
    names = [row["name"] for row in bench.rows]
    assert sorted(names[:-1]) == sorted(KINDS)
    assert names[-1] == "ours, 9 training requests"
    for row in bench.rows:
        assert 0 <= row["node_f1"]["mean"] <= 100
        assert row["node_f1"]["n"] == 4
    ours = bench.rows[names.index("ours")]
    assert ours["examples"] == ours["kept_examples"] == 30
    assert ours["parameters"] > 1000
    assert ours["cpu_p50_ms"]["mean"] > 0
    assert ours["node_f1"]["mean"] > 60


def test_rows_can_be_chosen(folder) -> None:
    bench = Bench(load(folder), Settings(only=("nearest plan",)))
    assert [tick.part for tick in bench.run()] == ["nearest plan"]
    assert [row["name"] for row in bench.rows] == ["nearest plan"]


def test_an_encoder_from_outside_reads_beside_ours(folder, monkeypatch) -> None:
    module = ModuleType("of_mine")
    module.lengths = lambda texts: torch.tensor([[len(text), text.count("a"), 1.0] for text in texts])
    monkeypatch.setitem(sys.modules, "of_mine", module)
    settings = Settings(steps=2, width=16, count=2, seeds=1, folds=2, only=(OURS,), encoder="of_mine:lengths")
    bench = Bench(load(folder, test=folder / "test.jsonl"), settings)
    list(bench.run())
    assert [row["name"] for row in bench.rows] == ["ours, of_mine:lengths beside"]
    encode = encoding(["fly", "pay"], "of_mine:lengths")
    assert isinstance(encode, Beside)
    assert encode(["fly"]).shape == (1, 4096 + 3)
    with pytest.raises(InvalidConfigError, match="nowhere"):
        encoding(["fly"], "nowhere:at_all")
