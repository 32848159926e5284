"""The reader of the manual is taught and examined; the catalogue has a request for each tool."""

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.speed.tools import catalogued, exam, reader, situations


def test_a_taught_planner_beats_one_that_is_not():
    taught, raw = reader(known=200, steps=40), reader(known=20, steps=2)
    assert sum(exam(taught, 12)) > sum(exam(raw, 12))
    assert len(situations(30)) == 30


def test_every_tool_is_asked_for():
    planner, asked = catalogued(Compute("cpu"))
    assert len(asked) == 64
    assert planner.plan(asked[0]).chosen.value.tools
