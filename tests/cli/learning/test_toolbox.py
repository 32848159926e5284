"""Feedback on against feedback off, small: from the same exact start, the planner that practises ends up well ahead."""

from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
from agentic_diffusion.denoising.denoiser import RecallTokens
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion_cli.learning.apprentice import Apprentice, Habits, rehearsed
from agentic_diffusion_cli.learning.toolbox import Plot, experiment
from agentic_diffusion_evolve.measure import student
from agentic_diffusion_worlds.acting.domain import HIDDEN, VOCABULARY, Acting
from agentic_diffusion_worlds.acting.planner import Design, make_planner
from agentic_diffusion_worlds.acting.pursue import pursued
from agentic_diffusion_worlds.acting.trust import Trusting
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import FACTS
from agentic_diffusion_worlds.toolbox.manual import CALLS, by_the_book
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.tasks import Task, tasks
from agentic_diffusion_worlds.toolbox.training import lessons, read_manual


def by_heart():
    """Return a planner that knows all ways to pair a device by the book, exactly, and prefers none."""
    domain = Acting(CALLS)
    rng = np.random.default_rng(0)
    situation = Case(device(0), Behaviour()).observe()
    ways = sorted({by_the_book(situation, rng) for _ in range(200)})
    exact = RecallTokens(domain.encode(ways), VOCABULARY, HIDDEN)
    planner = make_planner(domain, Design(count=8))
    return replace(planner, denoiser=Trusting(exact, scale=3.0).eval()), ways


def device(number):
    start = {name: values[0] for name, values in FACTS.items()}
    return Task(
        goal=("device.pairing=paired",), start={**start, "device.model": ("alpha", "beta")[number % 2]}
    )


def exam(planner, behaviour, count=40):
    cases = [Case(device(number), behaviour, seed=5000 + number) for number in range(count)]
    for number, case in enumerate(cases):
        pursued(planner, case, rounds=1, seed=number)
    return fmean(case.solved for case in cases)


@pytest.mark.parametrize("seed", [0, 1])
def test_feedback_pays_and_recovers_when_the_tools_change(seed):
    planner, ways = by_heart()
    assert len(ways) == 8  # three pairs of rivals
    behaviour = Behaviour(seed=seed)
    apprentice = Apprentice(planner, rehearsed(planner, lessons(5)), habits=Habits())

    def practise(world, start):
        for batch in range(start, start + 6):
            done = [Case(device(n), world, seed=100 * batch + n) for n in range(10)]
            apprentice.take_in(
                pursued(apprentice.planner, case, rounds=3, seed=n) for n, case in enumerate(done)
            )

    practise(behaviour, 0)
    assert exam(apprentice.planner, behaviour) > exam(planner, behaviour) + 0.3
    fallen = exam(apprentice.planner, behaviour.swap())
    assert fallen < 0.2
    practise(behaviour.swap(), 6)
    assert exam(apprentice.planner, behaviour.swap()) > max(fallen, exam(planner, behaviour.swap())) + 0.3


def test_from_a_prior_that_was_learned_feedback_pays():
    """On minus off for one family: paired over cases, significantly above zero."""
    drawn = [task for task in tasks(1000, seed=70) if task.families() == {"files"}]
    known = lessons(1500)
    recipe = Recipe(steps=500, learning_rate=5e-3, warmup=20, weight_decay=0.01, average=0.98)
    planner = read_manual(known, recipe=recipe, design=Design(width=32))
    apprentice = Apprentice(planner, rehearsed(planner, known))
    behaviour = Behaviour(seed=7)
    for batch in range(0, 60, 20):
        cases = [Case(task, behaviour, seed=batch + n) for n, task in enumerate(drawn[batch : batch + 20])]
        apprentice.take_in(
            pursued(apprentice.planner, case, rounds=3, seed=batch + n) for n, case in enumerate(cases)
        )
    told = []
    for number, task in enumerate(drawn[60:90]):
        pair = [Case(task, behaviour, seed=9000 + number) for _ in range(2)]
        for case, who in zip(pair, (apprentice.planner, planner), strict=True):
            pursued(who, case, rounds=3, seed=number)
        told.append(float(pair[0].solved) - float(pair[1].solved))
    assert fmean(told) > 0.15
    assert student(told, 0.025) > 0


def test_everyone_sees_the_same_cases_and_equal_practice():
    known = lessons(60)
    planner = read_manual(known, recipe=Recipe(steps=5, warmup=1), design=Design(width=8, count=2, steps=2))
    plot = Plot(batches=1, batch=4, tune_every=1, trials=2, exam=3, habits=Habits(steps=2))
    results = list(experiment(planner, known, seed=1, plot=plot))
    told = {(result.driver, result.phase, result.split): result for result in results}
    assert len(told) == len(results) == 24
    assert {len(result.cases) for result in results} == {3}
    assert told["ours", "before", "train"].practised == 8
    assert told["epsilon-greedy table", "before", "train"].practised == 8
    assert told["feedback off", "before", "train"].practised == 0
    assert told["ours", "recovered", "train"].practised == 16
    assert told["oracle", "before", "held-out"].success >= told["random", "before", "held-out"].success
