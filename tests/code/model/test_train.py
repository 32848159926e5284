"""Training: it learns, and a run taken up again ends as one that was never stopped."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import BudgetError, InvalidConfigError
from agentic_diffusion_code.model import train
from agentic_diffusion_code.model.prefer import Drill, drilled
from agentic_diffusion_code.model.rows import Noise, Row
from agentic_diffusion_code.model.train import Recipe, Run

RECIPE = Recipe(steps=12, rows=6, learning_rate=1e-2, warmup=2, blocks=(4, 0), pool=4, seed=3)


def rows() -> Iterator[Row]:
    rng = np.random.default_rng(0)
    while True:
        words = rng.integers(5, 15, rng.integers(2, 7)).tolist()
        yield Row(tuple(words), (*words, 2))


def fresh(recipe: Recipe = RECIPE, width: int = 16) -> Run:
    torch.manual_seed(0)
    return Run(BlockTransformer(Shape(16, width=width, depth=1, heads=2)), Noise(0, 1), recipe)


def test_the_loss_falls_and_costs_are_told() -> None:
    run = fresh(Recipe(steps=60, rows=8, learning_rate=1e-2, warmup=5, blocks=(4, 0)))
    told = list(run.run(rows()))
    assert told[-1].step == 60
    assert sum(p.loss for p in told[-10:]) < sum(p.loss for p in told[:10])
    assert all(p.tokens > p.asked > 0 and p.flops > 0 and p.seconds > 0 for p in told)
    assert run.averaged().keys() == run.network.state_dict().keys()


def test_a_run_is_taken_up_again(tmp_path: object) -> None:
    whole = fresh()
    ends = [p.loss for p in whole.run(rows())]
    first, data = fresh(), rows()
    part = first.run(data)
    begun = [next(part).loss for _ in range(8)]
    tensors, facts = first.state()
    store.save(tmp_path / "run", tensors, facts)
    again = fresh()
    saved = store.load(tmp_path / "run")
    again.resume(saved.tensors, saved.card)
    rest = [p.loss for p in again.run(data)]
    assert begun + rest == pytest.approx(ends, rel=1e-4)
    with pytest.raises(InvalidConfigError):
        fresh(width=32).resume(tensors, facts)


def test_rows_are_packed_where_asked() -> None:
    run = fresh(Recipe(steps=1, rows=12, length=64, pool=1))
    (batch,) = run.batches(rows())
    assert batch.tokens.shape[1] == 64
    assert batch.tokens.shape[0] < 12
    assert int(batch.row.max()) > 0


def test_rates_and_nonsense() -> None:
    assert RECIPE.course(0) == pytest.approx(0.5)
    assert RECIPE.course(1) == pytest.approx(1.0)
    assert RECIPE.course(11) < RECIPE.course(5)
    assert RECIPE.sizes(2) == RECIPE.early
    assert RECIPE.sizes(3) == RECIPE.blocks
    with pytest.raises(InvalidConfigError):
        Recipe(steps=0)


def test_fp16_is_refused_for_it_would_train_without_scaling() -> None:
    compute = Compute("cpu")
    object.__setattr__(compute, "precision", "fp16")  # as on a GPU
    network = BlockTransformer(Shape(16, width=16, depth=1, heads=2))
    with pytest.raises(InvalidConfigError, match="fp16"):
        Run(network, Noise(0, 1), RECIPE, compute)
    told = drilled(network, [], [next(rows())], noise=Noise(0, 1), drill=Drill(steps=1), compute=compute)
    with pytest.raises(InvalidConfigError, match="fp16"):
        next(told)


def test_peaks_are_told_and_too_little_memory_says_what_to_do(monkeypatch) -> None:
    run = fresh(Recipe(steps=2, rows=2, pool=1))
    told = run.run(rows())
    first = next(told)
    assert first.host > 10_000_000
    assert first.device is None

    def short(*words: object) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(train, "surprise", short)
    with pytest.raises(BudgetError, match="fewer rows"):
        next(told)
