import pytest
from agentic_diffusion_code.sandbox import LAYERS, ProcessSandbox
from agentic_diffusion_code.sandbox.report import Gate

OFF = ["rlimits", "no_new_privs", "capabilities", "namespaces", "private_root", "landlock", "seccomp"]


@pytest.mark.parametrize("layer", OFF)
def test_a_layer_that_is_switched_off_is_reported_so(fence, layer):
    if layer not in fence.isolation:
        pytest.skip(f"{layer} is not available here")
    with ProcessSandbox(without=(layer,), accept="rlimits") as weaker:
        report = {one.name: one for one in weaker.report().layers}
        run = weaker.run("print(1)")
    gone = {layer, "private_root"} if layer == "namespaces" else {layer}
    if layer == "capabilities":
        gone = {layer} if "namespaces" in fence.isolation else set()
    assert {name for name in fence.isolation if not report[name].active} == gone
    assert not report[layer].requested
    assert run.stdout == "1\n"
    assert set(run.isolation) == set(fence.isolation) - gone


def test_every_layer_is_named_with_evidence(fence):
    report = fence.report()
    assert tuple(layer.name for layer in report.layers) == LAYERS
    assert all(layer.evidence for layer in report.layers)
    assert report.active == fence.isolation


def test_the_gate_says_what_is_missing():
    gate = Gate(frozenset({"seccomp", "cgroup"}), "rlimits", frozenset(LAYERS))
    assert "cgroup" in gate.refusal(("seccomp",))
    assert Gate(frozenset(), "rlimits", frozenset()).refusal(()) is None
    assert "by name" in Gate(frozenset(), "kernel", frozenset()).refusal(())
