"""Kernels against diffusers, brute force, and closed forms."""

import itertools
import math

import pytest
import torch
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion.denoising.denoiser import (
    PredictNoise,
    PredictTruth,
    PredictVelocity,
    RecallTrajectories,
)
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess
from agentic_diffusion.denoising.sample import (
    ancestral,
    confident,
    ddim,
    denoise,
    multistep,
    particles,
    returning,
)
from agentic_diffusion.denoising.schedule import Cosine, Linear, LogLinear, times
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from agentic_diffusion.errors import InvalidConfigError
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler

MASK = 3


class Table:
    """A schedule that reads diffusers' own alphas, so that both sides share every number."""

    def __init__(self, steps: int = 1000) -> None:
        self.betas = torch.linspace(1e-4, 0.02, steps)
        self.alphas = torch.cat([torch.ones(1), (1 - self.betas).cumprod(0)]).double()

    def __call__(self, t: torch.Tensor) -> torch.Tensor:
        return self.alphas[(t * (len(self.alphas) - 1)).round().long()]


TABLE = Table()
GRID = [1.0, 0.8, 0.6, 0.4, 0.2]  # time steps 999, 799, ... of diffusers, then the truth
TARGETS = {"sample": PredictTruth(), "epsilon": PredictNoise(), "v_prediction": PredictVelocity()}


def output(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """A smooth stand-in for a network, the same function for both libraries."""
    return torch.tanh(x * 0.7 + 0.3 * t) - 0.2 * torch.roll(x, 1, dims=-1)


def believer(kind: str):
    def denoiser(x, t, condition):
        a = TABLE(t)
        return Gaussian(TARGETS[kind].mean(output(x, t), x, a), 1 - a, torch.ones(()))

    return denoiser


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("eta", [0.0, 1.0, 0.4])
def test_ddim_is_elementwise_that_of_diffusers(kind: str, eta: float, run) -> None:
    theirs = DDIMScheduler(
        trained_betas=TABLE.betas.numpy(),
        prediction_type=kind,
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(5)
    assert theirs.timesteps.tolist() == [999, 799, 599, 399, 199]
    like = torch.zeros(4, 8, 3, dtype=torch.float64)
    steps = run(
        GaussianProcess(TABLE), believer(kind), like, [*GRID, 0.0], ddim(GaussianProcess(TABLE), eta=eta)
    )
    rng = generator(0)
    x = torch.randn(4, 8, 3, generator=rng).double()
    for number, ours in zip(theirs.timesteps, steps, strict=True):
        guess = output(x, (number + 1) / 1000)
        noise = torch.randn(4, 8, 3, generator=rng).double() if eta else None
        x = theirs.step(guess, number, x, eta=eta, variance_noise=noise).prev_sample
        assert torch.allclose(ours.x, x.to(ours.x), atol=1e-5, rtol=1e-5)


def test_one_ddpm_move_has_the_mean_and_variance_of_diffusers() -> None:
    theirs = DDPMScheduler(
        trained_betas=TABLE.betas.numpy(),
        prediction_type="epsilon",
        clip_sample=False,
        variance_type="fixed_small",
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(5)
    x = torch.randn(4, 8, 3, generator=generator(1)).double()
    calm, usual = GaussianProcess(TABLE, temperature=0.0), GaussianProcess(TABLE)
    for number, t, s in zip(theirs.timesteps, GRID, [*GRID[1:], 0.0], strict=True):
        level, below = torch.tensor(t), torch.tensor(s)
        belief = believer("epsilon")(x, level, Condition())
        mean = calm.revert(x, belief, level, below, generator(0))
        noise = torch.randn(4, 8, 3, generator=generator(0)).double()
        deviation = (usual.revert(x, belief, level, below, generator(0)) - mean) / noise
        expected = theirs.step(output(x, level), int(number), x, generator=generator(0)).prev_sample
        var = theirs._get_variance(int(number)) if s else torch.tensor(0.0)
        assert torch.allclose(deviation, var.sqrt().to(deviation).expand_as(x), atol=1e-5)
        theirs_noise = torch.randn(4, 8, 3, generator=generator(0), dtype=torch.float64)
        assert torch.allclose(expected - var.sqrt() * theirs_noise * bool(s), mean, atol=1e-5, rtol=0)


def test_multistep_is_elementwise_that_of_diffusers(run) -> None:
    theirs = DPMSolverMultistepScheduler(
        trained_betas=TABLE.betas.numpy(),
        prediction_type="sample",
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        lower_order_final=False,
        timestep_spacing="trailing",
        final_sigmas_type="zero",
    )
    theirs.set_timesteps(5)
    assert theirs.timesteps.tolist() == [999, 799, 599, 399, 199]
    like = torch.zeros(4, 8, 3)
    steps = run(
        GaussianProcess(TABLE), believer("sample"), like, [*GRID, 0.0], multistep(GaussianProcess(TABLE))
    )
    x = torch.randn(4, 8, 3, generator=generator(0))
    for number, ours in itertools.islice(zip(theirs.timesteps, steps, strict=True), 4):
        x = theirs.step(output(x, (number + 1) / 1000), number, x).prev_sample
        assert torch.allclose(ours.x, x.to(ours.x), atol=1e-5, rtol=1e-5)
    assert torch.equal(steps[-1].x, steps[-1].belief.mean)  # the last move is the belief itself


def test_multistep_is_steady_where_the_schedule_is_flat(run) -> None:
    flat = GaussianProcess(lambda t: torch.where(t > 0.7, 1e-5, 1 - t))
    recall = RecallTrajectories(torch.ones(1, 3), flat.schedule)
    steps = run(flat, recall, torch.zeros(2, 3), times(10), multistep(flat))
    assert all(bool(torch.isfinite(step.x).all()) for step in steps)
    assert torch.allclose(steps[-1].x, torch.ones(2, 3))


def exact_flow(z: torch.Tensor, mixture, steps: int = 100) -> torch.Tensor:
    """The probability-flow ODE, solved by a classical fourth-order rule in log-SNR."""

    def level(lam):
        return torch.sigmoid(2 * lam)

    def slope(x, lam):
        a = level(lam)
        belief = mixture_belief(mixture, x, a)
        # d x / d lambda at fixed path: sigma-space form of x = sqrt(a) x0 + sqrt(1-a) eps
        eps = (x - a.sqrt() * belief) / (1 - a).sqrt()
        return a.sqrt() * (1 - a) * belief - a * (1 - a).sqrt() * eps

    a0 = mixture.schedule(torch.tensor(1.0, dtype=torch.float64))
    a1 = mixture.schedule(torch.tensor(STOP, dtype=torch.float64))
    grid = torch.linspace(*(0.5 * (math.log(a) - math.log1p(-a)) for a in (float(a0), float(a1))), steps + 1)
    x = z
    for here, there in itertools.pairwise(grid.double()):
        h = there - here
        k1 = slope(x, here)
        k2 = slope(x + h / 2 * k1, here + h / 2)
        k3 = slope(x + h / 2 * k2, here + h / 2)
        k4 = slope(x + h * k3, there)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def mixture_belief(mixture, x, a):
    at = type(mixture)(mixture.means, mixture.variances, mixture.weights, lambda t: a)
    return at(x, torch.tensor(0.0), Condition()).mean


STOP = 0.05


@pytest.mark.parametrize(
    ("solver", "order"), [(lambda p: ddim(p), 1), (lambda p: multistep(p), 2)], ids=["ddim", "multistep"]
)
def test_order_of_accuracy_on_a_closed_form_mixture(mixture, solver, order: int, run) -> None:
    schedule = Linear()
    blend = mixture((-1.0, 0.5), (0.05, 0.1), (0.4, 0.6), schedule)
    process = GaussianProcess(schedule)
    like = torch.zeros(64, 1, dtype=torch.float64)
    truth = exact_flow(torch.randn(64, 1, generator=generator(5)).double(), blend)
    errors = []
    for n in (40, 80, 160):
        last = run(process, blend, like, times(n, last=STOP), solver(process), seed=5)[-1].x
        errors.append(float((last - truth).abs().mean()))
    for coarse, fine in itertools.pairwise(errors):
        assert 0.8 * 2**order < coarse / fine < 1.3 * 2**order
    assert errors[-1] < {1: 4e-2, 2: 4e-3}[order]


def test_the_last_step_of_ddpm_halves_its_error_when_steps_double(mixture, run) -> None:
    # 𝒩(0, v) data and a linear belief: the sample variance has a closed recursion; it tends to v at order 1
    schedule, v, errors = Linear(), 0.25, []
    for n in (50, 100, 200, 400):
        spread = 1.0
        for a, b in itertools.pairwise(schedule(torch.tensor(times(n), dtype=torch.float64)).tolist()):
            gain = math.sqrt(a) * v / (a * v + 1 - a)
            keep = math.sqrt(b) * (1 - a / b) / (1 - a) * gain + math.sqrt(a / b) * (1 - b) / (1 - a)
            spread = keep**2 * spread + (1 - b) / (1 - a) * (1 - a / b)
        errors.append(abs(spread - v))
    assert all(1.7 < a / b < 2.3 for a, b in itertools.pairwise(errors))
    process = GaussianProcess(schedule)
    sample = run(process, mixture((0.0,), (v,), (1.0,), schedule), torch.zeros(20_000, 1), times(50), seed=2)[
        -1
    ].x
    assert abs(abs(sample.var().item() - v) - errors[0]) < 4 * v * math.sqrt(2 / 20_000)


@pytest.mark.parametrize(
    ("kernel", "steps"),
    [
        (ancestral, 400),
        (ddim, 150),
        (lambda p: ddim(p, eta=0.5), 150),
        (multistep, 40),
        (lambda p: returning(ddim(p), p, times=2), 300),
    ],
    ids=["ancestral", "ddim", "ddim eta", "multistep", "returning"],
)
def test_moments_of_a_mixture_within_two_percent(mixture, kernel, steps: int, run) -> None:
    blend = mixture((-1.0, 0.8), (0.05, 0.02), (0.3, 0.7), Cosine())
    process = GaussianProcess(blend.schedule)
    x = run(process, blend, torch.zeros(10_000, 1), times(steps), kernel(process), seed=11)[-1].x
    assert x.mean().item() == pytest.approx(blend.mean, abs=0.02 * math.sqrt(blend.variance))
    assert x.var().item() == pytest.approx(blend.variance, rel=0.02)
    assert (x < -0.1).double().mean().item() == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 10_000))


@pytest.mark.parametrize("kernel", [ancestral, ddim, multistep], ids=["ancestral", "ddim", "multistep"])
def test_recall_gives_back_the_memory_and_the_loop_pins(kernel, run) -> None:
    memory = torch.tensor([[[1.0, -1.0], [0.5, 0.2]], [[-0.7, 0.3], [-0.2, -0.9]]])
    schedule = Cosine()
    process = GaussianProcess(schedule)
    free = run(
        process, RecallTrajectories(memory, schedule), torch.zeros(32, 2, 2), times(40), kernel(process)
    )
    gaps = (free[-1].x[:, None] - memory).abs().amax((2, 3)).min(1).values
    assert gaps.max().item() < 1e-3
    pin = Inpaint(torch.tensor([[[1.0, -1.0], [0.0, 0.0]]]), torch.tensor([[[True, True], [False, False]]]))
    steps = run(
        process,
        RecallTrajectories(memory, schedule),
        torch.zeros(32, 2, 2),
        times(40),
        kernel(process),
        condition=Condition(pin),
    )
    for step in steps:
        assert torch.equal(step.x[:, 0], torch.tensor([1.0, -1.0]).expand(32, 2))
    assert (steps[-1].x - memory[0]).abs().max().item() < 1e-3


def test_returning_carries_what_is_pinned_to_all_places(run) -> None:
    memory = torch.tensor([[1.0] * 12, [-1.0] * 12])
    process = GaussianProcess(Cosine())
    pin = Inpaint(torch.ones(1, 12), torch.arange(12)[None] == 0)

    def agreeing(count: int) -> float:
        kernel = returning(ddim(process), process, times=count)
        denoiser = RecallTrajectories(memory, process.schedule)
        like = torch.zeros(400, 12)
        x = run(process, denoiser, like, times(6), kernel, condition=Condition(pin))[-1].x
        assert torch.equal(x[:, 0], torch.ones(400))
        return float((x > 0).all(dim=1).double().mean())

    assert agreeing(6) > agreeing(1) + 0.1


def test_returning_makes_each_move_so_often_above_a_level(run) -> None:
    process = GaussianProcess(Cosine())
    asked = []

    def denoiser(x, t, condition):
        asked.append(round(float(t), 2))
        return believer("sample")(x, torch.round(t), condition)

    kernel = returning(ddim(process), process, times=3, above=0.5)
    run(process, denoiser, torch.zeros(1, 2), [1.0, 0.75, 0.5, 0.25, 0.0], kernel)
    assert asked == [1.0] * 3 + [0.75] * 3 + [0.5, 0.25]
    plain = ddim(process)
    once = [
        run(process, believer("sample"), torch.zeros(3, 2), GRID, kernel)[-1].x
        for kernel in (plain, returning(plain, process, times=1))
    ]
    assert torch.equal(*once)


def test_the_loop_reports_where_it_is_and_stops_when_the_caller_does() -> None:
    process = GaussianProcess(Cosine())
    recall = RecallTrajectories(torch.ones(1, 3), process.schedule)
    calls = []

    def denoiser(x, t, condition):
        calls.append(float(t))
        return recall(x, t, condition)

    loop = denoise(
        process, denoiser, like=torch.zeros(2, 3), condition=Condition(), times=times(5), rng=generator(0)
    )
    step = next(loop)
    assert (float(step.t), float(step.since), calls) == (pytest.approx(0.8), 1.0, [1.0])
    next(loop)
    loop.close()
    assert calls == pytest.approx([1.0, 0.8])


@pytest.mark.parametrize(
    "levels", [[1.0], [], [0.5, 1.0], [1.0, 1.0], [1.2, 0.0], [1.0, -0.1], [1.0, math.nan]]
)
def test_noise_levels_that_do_not_fall_are_refused(levels, run) -> None:
    with pytest.raises(InvalidConfigError, match="falling noise levels"):
        run(GaussianProcess(Cosine()), believer("sample"), torch.zeros(1, 2), levels)


@pytest.mark.parametrize(
    "build",
    [
        lambda: ddim(GaussianProcess(Cosine()), eta=1.1),
        lambda: confident(MaskedProcess(LogLinear(), MASK), bound=-1.0),
        lambda: particles(ancestral(GaussianProcess(Cosine())), lambda b, x, t: x, temperature=0.0),
        lambda: particles(ancestral(GaussianProcess(Cosine())), lambda b, x, t: x, until=2.0),
        lambda: returning(ddim(GaussianProcess(Cosine())), GaussianProcess(Cosine()), times=0),
        lambda: returning(ddim(GaussianProcess(Cosine())), GaussianProcess(Cosine()), times=2, above=1.5),
    ],
)
def test_impossible_kernels_are_refused(build) -> None:
    with pytest.raises(InvalidConfigError):
        build()
