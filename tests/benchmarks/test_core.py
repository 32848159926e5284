"""What the core costs: the loop itself, a small plan, and loading weights.

Run with `uv run pytest tests/benchmarks --benchmark-enable --benchmark-only`; plain runs call each once, as a test.
"""

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.nn.dit import TrajectoryDiT
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.sample import ancestral, ddim, denoise, multistep
from agentic_diffusion.denoising.schedule import Cosine, times
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.verify import accept

PROCESS = GaussianProcess(Cosine())
ONE = torch.ones(())


def trivial(x, t, condition):
    """Cost nothing, so that what is left is the loop."""
    return Gaussian(x, ONE, ONE)


@pytest.mark.parametrize("kernel", [ancestral, ddim, multistep], ids=["ancestral", "ddim", "multistep"])
def test_loop_overhead_of_a_hundred_steps(benchmark, kernel) -> None:
    like = torch.zeros(16, 32, 4)

    def run():
        return list(
            denoise(
                PROCESS,
                trivial,
                like=like,
                condition=Condition(),
                times=times(100),
                rng=generator(0),
                kernel=kernel(PROCESS),
            )
        )

    steps = benchmark(run)
    assert len(steps) == 100
    assert steps[-1].t.item() == 0.0


@pytest.mark.parametrize("count", [1, 16])
def test_plan_latency_of_a_small_network(benchmark, count: int) -> None:
    torch.manual_seed(0)
    planner = Planner(
        domain=Trajectories(32, Limits((-1.0,) * 4, (1.0,) * 4), state_dim=4, seconds=0.15, tolerance=0.1),
        process=PROCESS,
        denoiser=GaussianNet(TrajectoryDiT(32, 4), Cosine(), target=PredictTruth()),
        verify=accept,
        kernel=ddim(PROCESS),
        steps=5,
        count=count,
        compute=Compute("cpu"),
    )
    plan = benchmark(planner.plan, Reach(start=(0.0, 0.0, 0.0, 0.0), goal=(0.5, 0.5, None, None)))
    assert plan.complete
    assert len(plan.considered) == count


def test_load_throughput_of_eight_megabytes(benchmark, tmp_path) -> None:
    tensors = {f"layer{k}": torch.randn(512, 512) for k in range(8)}
    store.save(tmp_path, tensors, {"what": "a benchmark"})
    bundle = benchmark(store.load, tmp_path)
    assert bundle.degraded == ""
    assert torch.equal(bundle.tensors["layer7"], tensors["layer7"])
