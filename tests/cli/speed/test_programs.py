"""The coder writes several tokens a call, and the fence is timed by the clock."""

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.speed import programs
from agentic_diffusion_cli.speed.clock import Ceilings, Turns
from agentic_diffusion_code.sandbox import ProcessSandbox


def test_rates_are_told(monkeypatch):
    monkeypatch.setattr(
        programs, "written", lambda spelled, asked: (8, 2) if spelled.decoding.bound else (8, 8)
    )
    monkeypatch.setattr(programs, "work", lambda call, network: (call()[1] * 1e6, 0.0))
    turns = Turns(repeats=2, most=0)
    coder, fence = programs.programs(Compute("cpu"), turns, Ceilings(flops=1e9, bandwidth=1e9))
    assert (coder["tokens_per_forward"], coder["reference_tokens_per_forward"]) == (4, 1)
    assert coder["roofline_ms"] == 2.0
    assert fence["reference"] == "a fresh interpreter, unfenced"
    assert fence["per_second"] > 0


def test_programs_are_written_and_judged():
    (asked,) = programs.asked_of_coder(1)
    writer = programs.writer(Compute("cpu"))
    tokens, calls = programs.written(writer, [asked])
    assert tokens > calls > 0
    with ProcessSandbox() as fence:
        assert fence.run("print(1)").stdout == "1\n"
    assert programs.right(writer, [asked])[0] in (0.0, 1.0)
