"""Token kernels against brute force, and competing samples against their weights."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.process import GaussianProcess, MaskedProcess
from agentic_diffusion.denoising.sample import confident, drawn_anew, multistep, particles, revising
from agentic_diffusion.denoising.schedule import Cosine, LogLinear, times
from agentic_diffusion.denoising.state import Condition, Inpaint, Step, generator
from agentic_diffusion.errors import InvalidConfigError

MASK = 3
ROWS = torch.tensor([[0, 0, 1], [0, 1, 1], [0, 1, 1], [2, 2, 0], [1, 0, 2], [2, 2, 2]])


def test_one_token_a_step_gives_the_exact_joint_distribution(run) -> None:
    recall = RecallTokens(ROWS, 4, MASK)
    kernel = confident(MaskedProcess(LogLinear(0.0), MASK))
    process = MaskedProcess(LogLinear(0.0), MASK)
    count = 20_000
    steps = run(process, recall, torch.zeros(count, 3, dtype=torch.long), times(3), kernel, seed=3)
    for number, step in enumerate(steps, start=1):
        assert bool(((step.x != MASK).sum(1) == number).all())
    drawn = Counter(map(tuple, steps[-1].x.tolist()))
    truth = Counter(map(tuple, ROWS.tolist()))
    for row in itertools.product(range(3), repeat=3):
        share = truth[row] / len(ROWS)
        assert abs(drawn[row] / count - share) < 4 * math.sqrt(max(share * (1 - share), 1e-9) / count) + 1e-12


def test_ancestral_unmasking_matches_brute_force_over_all_paths(run) -> None:
    """Two moves of the masked process, every path summed by hand."""
    recall, process = RecallTokens(ROWS, 4, MASK), MaskedProcess(LogLinear(0.0), MASK)
    levels = (1.0, 0.4, 0.0)
    exact = np.zeros((3, 3, 3))

    def marginals(partial):
        state = torch.tensor([partial])
        return recall(state, torch.tensor(0.5), Condition()).logits.softmax(-1)[0].numpy()

    for shown in itertools.product([False, True], repeat=3):
        chance = math.prod(0.6 if s else 0.4 for s in shown)
        first = marginals([MASK] * 3)
        for row in itertools.product(range(3), repeat=3):
            early = math.prod(first[i, row[i]] for i in range(3) if shown[i])
            if early == 0:
                continue
            second = marginals([row[i] if shown[i] else MASK for i in range(3)])
            late = math.prod(second[i, row[i]] for i in range(3) if not shown[i])
            exact[row] += chance * early * late
    assert exact.sum() == pytest.approx(1.0, abs=1e-5)
    count = 20_000
    x = run(process, recall, torch.zeros(count, 3, dtype=torch.long), levels, seed=8)[-1].x
    drawn = np.zeros((3, 3, 3))
    np.add.at(drawn, tuple(x.T.numpy()), 1 / count)
    assert np.abs(drawn - exact).max() < 4 * math.sqrt(0.25 / count)


def stubborn(probabilities: torch.Tensor):
    """A denoiser with one belief whatever it sees."""

    def denoiser(x, t, condition):
        logits = probabilities.log().expand(x.shape[0], -1, -1)
        return Categorical(logits, x == MASK, torch.ones(()))

    return denoiser


SURE = torch.tensor(
    [[0.4, 0.3, 0.3, 0.0], [0.98, 0.01, 0.01, 0.0], [0.8, 0.1, 0.1, 0.0], [0.5, 0.5, 0.0, 0.0]]
)


def test_confident_reveals_the_surest_first(run) -> None:
    process = MaskedProcess(LogLinear(0.0), MASK)
    steps = run(process, stubborn(SURE), torch.zeros(50, 4, dtype=torch.long), times(4), confident(process))
    for step, shown in zip(steps, ([1], [1, 2], [1, 2, 3], [0, 1, 2, 3]), strict=True):
        assert [i for i in range(4) if bool((step.x[:, i] != MASK).all())] == shown
        assert int((step.x != MASK).sum()) == 50 * len(shown)


@pytest.mark.parametrize("bound", [0.01, 0.2, 0.8, 5.0])
def test_the_entropy_bound_is_kept_and_used_to_the_full(bound: float, run) -> None:
    process = MaskedProcess(lambda t: torch.where(t > 0, 0.0, 1.0) * torch.ones_like(t), MASK)
    step = run(
        process,
        stubborn(SURE),
        torch.zeros(9, 4, dtype=torch.long),
        times(5),
        confident(process, bound=bound),
    )
    entropies = sorted(-sum(p * math.log(p) for p in row if p > 0) for row in SURE.tolist())
    longest = max(k for k in range(1, 5) if sum(entropies[: k - 1]) <= bound)
    assert bool(((step[0].x != MASK).sum(1) == longest).all())


def test_pinned_tokens_cost_confident_no_steps(run) -> None:
    """A prompt of half the row: the other half is spread over all steps, right on average."""
    process = MaskedProcess(LogLinear(0.0), MASK)
    pin = Inpaint(torch.zeros(1, 8, dtype=torch.long), torch.arange(8)[None] < 4)
    wide = SURE.repeat(2, 1)
    steps = run(
        process,
        stubborn(wide),
        torch.zeros(4000, 8, dtype=torch.long),
        times(8),
        confident(process),
        condition=Condition(pin),
    )
    left = [float((step.x == MASK).sum(1).double().mean()) for step in steps]
    assert left == pytest.approx([4 * (1 - k / 8) for k in range(1, 9)], abs=0.05)


def test_particles_draw_in_proportion_to_their_weights() -> None:
    def stay(step, s, believe, rng):
        return Step(step.x, s, believe(step.x, step.t), step.t)

    scores = torch.tensor([0.0, 1.0, 2.0, 3.0]).log1p()
    x = torch.arange(4.0)[:, None].repeat(1000, 1)
    kernel = particles(stay, lambda belief, state, t: scores[state[:, 0].long()], temperature=0.5)
    belief = Gaussian(x * 10, torch.tensor(1.0), torch.ones(()))
    moved = kernel(Step(x, torch.tensor(1.0)), torch.tensor(0.5), lambda x, t: belief, generator(0))
    weights = torch.tensor([1.0, 4.0, 9.0, 16.0])  # (1 + score)^(1/0.5)
    expected = 4000 * weights / weights.sum()
    counts = torch.stack([(moved.x[:, 0] == k).sum() for k in range(4)])
    assert bool(((counts - expected).abs() < 100).all())
    assert torch.equal(moved.belief.mean, moved.x * 10)  # beliefs move with their samples
    still = particles(stay, lambda belief, state, t: scores[state[:, 0].long()], until=0.6)
    assert torch.equal(
        still(Step(x, torch.tensor(1.0)), torch.tensor(0.5), lambda x, t: belief, generator(0)).x, x
    )


def test_particles_end_at_the_tilted_distribution(mixture, run) -> None:
    """𝒩(0, 1/4) tilted by exp(2 x) is 𝒩(1/2, 1/4), however many moves resample."""
    prior = mixture((0.0,), (0.25,), (1.0,), Cosine())
    process = GaussianProcess(prior.schedule)
    kernel = particles(multistep(process), lambda belief, x, t: 2 * belief.mean[:, 0])
    x = run(process, prior, torch.zeros(20_000, 1), times(30), kernel, seed=1)[-1].x
    assert x.mean().item() == pytest.approx(0.5, abs=0.02)
    assert x.var().item() == pytest.approx(0.25, rel=0.05)


def test_particles_keep_a_belief_that_is_no_dataclass_out() -> None:
    def stay(step, s, believe, rng):
        return Step(step.x, s, "a word", step.t)

    kernel = particles(stay, lambda belief, state, t: state[:, 0])
    moved = kernel(
        Step(torch.zeros(3, 1), torch.tensor(1.0)), torch.tensor(0.5), lambda x, t: None, generator(0)
    )
    assert moved.belief is None
    assert moved.x.shape == (3, 1)


def test_doubtful_tokens_are_hidden_again() -> None:
    process = MaskedProcess(LogLinear(0.0), 3)
    logits = torch.tensor([[[9.0, 0.0, 0.0, -torch.inf], [0.0, 9.0, 0.0, -torch.inf]]])

    def believe(x: torch.Tensor, t: torch.Tensor) -> Categorical:
        return Categorical(logits, x == 3, torch.ones(()))

    move = revising(confident(process, bound=1.0, temperature=0.0), process, below=0.1)
    wrong = Step(torch.tensor([[2, 3]]), torch.tensor(1.0))
    moved = move(wrong, torch.tensor(0.5), believe, generator(0))
    assert moved.x.tolist() == [[3, 1]]
    moved = move(moved, torch.tensor(0.25), believe, generator(0))
    assert moved.x.tolist() == [[0, 1]]
    assert move(wrong, torch.tensor(0.0), believe, generator(0)).x.tolist() == [[2, 1]]
    with pytest.raises(InvalidConfigError):
        revising(confident(process), process, below=1.0)
    with pytest.raises(InvalidConfigError):
        confident(process, temperature=-1.0)


def test_the_better_samples_go_on() -> None:
    index = drawn_anew(torch.tensor([0.0, 20.0, 0.0, 0.0]), generator(0))
    assert index.tolist() == [1, 1, 1, 1]
    assert drawn_anew(torch.zeros(5), generator(0)).tolist() == [0, 1, 2, 3, 4]
