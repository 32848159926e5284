"""bf16 and compiled networks stand beside eager fp32, on the same network and with the score of both."""

import torch
from agentic_diffusion_cli.speed import precision
from agentic_diffusion_cli.speed.clock import Turns
from torch import nn


def test_each_way_is_measured_on_a_large_network_and_scored_on_those_that_ship(bench, monkeypatch):
    compiled, kinds, writers = [], set(), []

    def right(writer, tasks):
        writers.append(writer.model.placed)
        return [0.0, 1.0] if writer.model.placed.precision == "bf16" else [1.0, 1.0]

    def noted(self, **how):
        compiled.append(how)

    inner = nn.Linear.forward

    def forward(self, x):
        out = inner(self, x)
        kinds.add(out.dtype)
        return out

    def warmed(self, ours, reference):
        warm.add(self.warm)
        return timed(self, ours, reference)

    warm, timed = set(), Turns.__call__
    monkeypatch.setattr(Turns, "__call__", warmed)
    monkeypatch.setattr(nn.Module, "compile", noted)
    monkeypatch.setattr(nn.Linear, "forward", forward)
    monkeypatch.setattr(precision, "LARGE", ({"width": 64, "depth": 1, "heads": 2},))
    monkeypatch.setattr(precision, "ROWS", (2,))
    monkeypatch.setattr(precision, "right", right)
    rows = list(precision.precision(bench))
    ways = ["bf16"] * 3 + ["compiled"] * 3 + ["bf16, compiled"] * 3
    assert [row["what"].startswith(way) for row, way in zip(rows, ways, strict=True)] == [True] * 9
    assert {row["reference"] for row in rows} == {"eager fp32, by the clock"}
    assert {row["device"] for row in rows} == {"cpu"}
    assert ["score" in row for row in rows] == [False, True, True] * 3
    assert [rows[k]["lost"]["mean"] for k in (2, 5, 8)] == [0.5, 0.0, 0.5]
    assert len(compiled) >= 6
    assert warm == {3}  # a graph is recorded on the second call
    assert kinds == {torch.float32, torch.bfloat16}
    assert [one.compile for one in writers] == [False, False, True, True]
