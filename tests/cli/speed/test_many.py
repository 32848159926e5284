"""Requests at once stand beside one by one, for calls, tools and mazes."""

from agentic_diffusion_cli.speed import many as measured
from agentic_diffusion_cli.speed.tools import reader


def test_five_planners(bench, monkeypatch):
    monkeypatch.setattr(measured, "reader", lambda: reader(known=20, steps=2))
    rows = list(measured.many(bench))
    assert [row["what"].split(": ")[1].split(",")[0] for row in rows] == ["calls", "64 tools", *["maze"] * 3]
    assert all(row["reference"] == "one by one" and row["per_second"] > 0 for row in rows)
