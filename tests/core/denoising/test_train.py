"""Training: it learns, averages, accumulates, resumes bit for bit, and survives a broken batch."""

import itertools
import logging

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import GaussianNet, MaskedNet, PredictTruth
from agentic_diffusion.denoising.nn.dit import TokenDiT, TrajectoryDiT
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess
from agentic_diffusion.denoising.schedule import Cosine, LogLinear
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.denoising.train import Recipe, Training, fit
from agentic_diffusion.errors import BudgetError, InvalidConfigError
from torch import nn

CPU = Compute("cpu")


class Line(nn.Module):
    """The smallest network there is, with a whole number as a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.register_buffer("count", torch.tensor(7))

    def forward(self, x, t, context):
        return self.layer(x)


def line() -> GaussianNet:
    torch.manual_seed(0)
    return GaussianNet(Line(), Cosine(), target=PredictTruth())


def draw(rng):
    return torch.randn(16, 2, generator=rng) * 0.1 + 1.0, Condition()


def training(recipe: Recipe, net=None, seed: int = 0, compute: Compute = CPU, drawn=draw) -> Training:
    process = GaussianProcess(Cosine())
    return Training(net or line(), process, draw=drawn, recipe=recipe, rng=generator(seed), compute=compute)


def test_the_loss_falls_and_fit_leaves_the_averaged_weights() -> None:
    net, recipe = line(), Recipe(steps=150, learning_rate=0.05, warmup=5, average=0.9)
    steps = list(fit(net, GaussianProcess(Cosine()), draw=draw, recipe=recipe, rng=generator(0), compute=CPU))
    assert [s.step for s in steps] == list(range(1, 151))
    early, late = (sum(s.loss for s in part) for part in (steps[:10], steps[-10:]))
    assert late < 0.1 * early
    assert not net.training
    assert not any(s.skipped for s in steps)
    twin = training(recipe)
    for _ in twin.run():
        pass
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in twin.averaged().items())
    assert not torch.equal(twin.denoiser.state_dict()["network.layer.bias"], net.network.layer.bias)


def test_tokens_are_learned_too() -> None:
    torch.manual_seed(0)
    net = MaskedNet(TokenDiT(3, 4, width=16, depth=1, heads=2), LogLinear(), mask_token=3)
    rows = torch.tensor([[0, 1, 2], [0, 1, 2]])
    recipe = Recipe(steps=60, learning_rate=0.02, warmup=1, average=0.5)
    process = MaskedProcess(LogLinear(), 3)
    run = fit(
        net, process, draw=lambda rng: (rows, Condition()), recipe=recipe, rng=generator(0), compute=CPU
    )
    losses = [step.loss for step in run]
    assert sum(losses[-10:]) < 0.1 * sum(losses[:10])
    guess = net(torch.full((1, 3), 3), torch.tensor(1.0), Condition()).guess(torch.full((1, 3), 3))
    assert guess.tolist() == [[0, 1, 2]]


def test_accumulated_batches_are_one_big_batch() -> None:
    clean = torch.randn(32, 2, generator=generator(9))
    t_like = {"steps": 3, "learning_rate": 0.01, "warmup": 0, "strata": False}
    halves = itertools.cycle([clean[:16], clean[16:]])

    class Still:
        """A process that adds no noise, so that both runs see the same states."""

        def noise(self, like, rng):
            return like

        def corrupt(self, clean, t, rng):
            return clean * 0.5

        def revert(self, x, belief, t, s, rng):
            return x

    def run(draw, accumulate):
        net = line()
        recipe = Recipe(**t_like, accumulate=accumulate)
        list(fit(net, Still(), draw=draw, recipe=recipe, rng=generator(0), compute=CPU))
        return net.network.layer.weight

    small = run(lambda rng: (next(halves), Condition()), 2)
    big = run(lambda rng: (clean, Condition()), 1)
    assert torch.allclose(small, big, atol=1e-6)
    assert not torch.allclose(small, line().network.layer.weight, atol=1e-3)


def test_the_moving_average_follows_its_formula() -> None:
    run = training(Recipe(steps=6, learning_rate=0.1, warmup=0, average=0.3))
    expected = run.denoiser.network.layer.weight.detach().clone()
    for number, _ in enumerate(run.run()):
        decay = min(0.3, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * run.denoiser.network.layer.weight.detach()
    assert torch.allclose(run.averaged()["network.layer.weight"], expected, atol=1e-6)
    assert run.averaged()["network.count"].item() == 7


def test_a_resumed_run_is_bit_identical(tmp_path) -> None:
    recipe = Recipe(steps=12, learning_rate=0.05, warmup=3)
    whole = training(recipe)
    log = list(whole.run())
    half = training(recipe)
    for _ in itertools.islice(half.run(), 5):
        pass
    store.save(tmp_path, half.state(), {"step": half.step})
    other = training(recipe, net=GaussianNet(Line(), Cosine(), target=PredictTruth()), seed=99)
    other.resume(store.load(tmp_path).tensors)
    rest = list(other.run())
    assert [(s.step, s.loss, s.gradient_norm) for s in rest] == [
        (s.step, s.loss, s.gradient_norm) for s in log[5:]
    ]
    for name, value in whole.state().items():
        assert torch.equal(value, other.state()[name]), name


def test_a_checkpoint_that_memory_has_no_room_for_is_a_clear_error() -> None:
    class Mapped(dict):
        def __getitem__(self, path):
            raise RuntimeError("unable to mmap 8 bytes from file </a>: Cannot allocate memory (12)")

        def shape(self, path):
            return tuple(super().__getitem__(path).shape)

        def cut(self, path, offset, shape):
            return self[path]

    run = training(Recipe(steps=1))
    with pytest.raises(BudgetError, match="reading of the checkpoint"):
        run.resume(Mapped(training(Recipe(steps=1)).state()))


def test_a_run_of_another_network_is_refused() -> None:
    recipe = Recipe(steps=1)
    wide = GaussianNet(TrajectoryDiT(4, 2, width=8, depth=1, heads=1), Cosine(), target=PredictTruth())
    with pytest.raises(InvalidConfigError, match="a run of this network"):
        training(recipe).resume(training(recipe, net=wide).state())
    resized = training(recipe).state()
    resized["weights/network.layer.bias"] = torch.zeros(5)
    with pytest.raises(InvalidConfigError, match="name and size"):
        training(recipe).resume(resized)


@pytest.mark.parametrize("scaled", [False, True], ids=["plain", "scaled"])
def test_a_step_that_is_not_finite_is_skipped_and_told(scaled: bool, caplog) -> None:
    batches = itertools.count()

    def poisoned(rng):
        clean, condition = draw(rng)
        return (clean * float("nan") if next(batches) == 2 else clean), condition

    run = training(Recipe(steps=5, learning_rate=0.05, warmup=0), drawn=poisoned)
    if scaled:
        run.scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    weights, flags = [], []
    with caplog.at_level(logging.WARNING, "agentic_diffusion"):
        for step in run.run():
            flags.append(step.skipped)
            weights.append(run.denoiser.network.layer.weight.detach().clone())
    assert flags == [False, False, True, False, False]
    assert torch.equal(weights[1], weights[2])
    assert not torch.equal(weights[2], weights[3])
    assert bool(torch.isfinite(weights[-1]).all())
    assert "step 3 skipped" in caplog.text
    assert (run.scaler.get_scale() == 128.0) is scaled


def test_a_scaled_run_resumes_with_its_scale() -> None:
    recipe = Recipe(steps=8, learning_rate=0.05, warmup=0)

    def start() -> Training:
        run = training(recipe)
        run.scaler = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=3)
        return run

    whole, half, rest = start(), start(), start()
    list(whole.run())
    list(itertools.islice(half.run(), 4))
    rest.resume(half.state())
    list(rest.run())
    assert whole.scaler.get_scale() == rest.scaler.get_scale() == 256.0
    for name, value in whole.state().items():
        assert torch.equal(value, rest.state()[name]), name


def test_gradients_are_clipped() -> None:
    run = training(Recipe(steps=1, learning_rate=1.0, warmup=0, clip=1e-9, weight_decay=0.0))
    before = run.denoiser.network.layer.weight.detach().clone()
    step = next(iter(run.run()))
    assert step.gradient_norm > 0.1
    assert (
        run.denoiser.network.layer.weight - before
    ).abs().max().item() < 0.2  # AdamW would have moved by 1


def test_bf16_on_the_cpu_learns_in_half_and_keeps_whole_weights() -> None:
    run = training(Recipe(steps=40, learning_rate=0.05, warmup=0), compute=Compute("cpu", "bf16"))
    losses = [step.loss for step in run.run()]
    assert losses[-1] < 0.5 * losses[0]
    assert run.denoiser.network.layer.weight.dtype == torch.float32


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_learns_on_a_gpu(precision) -> None:
    run = training(Recipe(steps=40, learning_rate=0.05, warmup=0), compute=Compute("cuda", precision))
    losses = [step.loss for step in run.run()]
    assert losses[-1] < 0.5 * losses[0]


def test_the_rate_warms_up_and_falls_to_a_tenth() -> None:
    recipe = Recipe(steps=100, learning_rate=1.0, warmup=10)
    assert recipe.rate(0) == pytest.approx(0.1)
    assert recipe.rate(9) == recipe.rate(10) == pytest.approx(1.0)
    assert recipe.rate(55) == pytest.approx(0.55)
    assert recipe.rate(100) == recipe.rate(500) == pytest.approx(0.1)


def test_noise_levels_are_spread_evenly_in_strata() -> None:
    seen = []

    class Listening(Line):
        def forward(self, x, t, context):
            seen.append(t)
            return super().forward(x, t, context)

    for strata in (True, False):
        net = GaussianNet(Listening(), Cosine(), target=PredictTruth())
        next(iter(training(Recipe(steps=1, strata=strata), net=net).run()))
    even, free = (t.sort().values.diff() for t in seen)
    assert even.max().item() == pytest.approx(1 / 16, abs=1e-5)
    assert free.max().item() > 0.08


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"accumulate": 0},
        {"learning_rate": 0.0},
        {"clip": 0.0},
        {"average": 1.0},
        {"average": -0.1},
        {"warmup": -1},
    ],
)
def test_impossible_recipes_are_refused(wrong) -> None:
    with pytest.raises(InvalidConfigError, match="Recipe"):
        Recipe(**{"steps": 10, **wrong})


def test_too_little_memory_is_a_clear_error() -> None:
    run = training(Recipe(steps=2))
    run.compute = type("Starved", (), {"send": lambda self, value: torch.empty(2**60)})()
    with pytest.raises(BudgetError, match="out of memory in step 1") as caught:
        next(run.run())
    assert "Go on from the last checkpoint with recompute, bf16" in caught.value.action
    assert "larger `accumulate` is another run" in caught.value.action
