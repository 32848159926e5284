"""What syntax costs is told as a share, and programs stay the same."""

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.speed.syntax import ALL, BARS, NONE, syntax


def test_shares_are_told():
    bars, both = syntax(Compute("cpu"), 2, questions=2)
    assert (bars["what"], both["what"]) == (f"2 programs, {BARS}", f"2 programs, {ALL}")
    assert bars["reference"] == NONE
    assert bars["extra"]["n"] == 2
    assert bars["same"] == 2
    assert both["calls"] > 0
    assert 0.2 < both["speedup"]["mean"] < 5
