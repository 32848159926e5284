import pytest
from agentic_diffusion_code.sandbox import Limits, SandboxError
from agentic_diffusion_code.sandbox import lease as leases
from agentic_diffusion_code.sandbox.base import LAYERS
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.sandbox.pool import Pool
from agentic_diffusion_code.sandbox.report import Gate


def test_a_worker_is_used_once():
    pool = Pool(toolchain("python"), frozenset(LAYERS), parked=1)
    gate = Gate(frozenset(), "rlimits", frozenset(LAYERS))
    with leases.lease(pool, gate, limits=Limits()) as (first, isolation):
        assert "rlimits" in isolation
    with leases.lease(pool, gate, limits=Limits()) as (second, _):
        assert second is not first
    pool.close()
    assert first.control.fileno() == -1


def test_workers_that_never_answer(monkeypatch):
    pool = Pool(toolchain("python"), frozenset(LAYERS), parked=0)
    gate = Gate(frozenset(), "rlimits", frozenset(LAYERS))
    gate.report(pool)

    def never(worker):
        raise SandboxError("a", "b", "c")

    monkeypatch.setattr(leases, "await_ready", never)
    with pytest.raises(SandboxError), leases.lease(pool, gate, limits=Limits()):
        raise AssertionError
    pool.close()
