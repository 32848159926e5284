"""Drivers work on tickets, and settings are chosen on tickets of no split."""

import pytest
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion_worlds.tau2.score import at_random, driven, handled, held_out, nothing, transfer
from agentic_diffusion_worlds.tau2.training import lessons, teach

SIX = 6


@pytest.mark.parametrize(("driver", "solved"), [(transfer, 3), (nothing, 0)])
def test_trivial_drivers_solve_what_they_must(office, driver, solved):
    cases = list(handled(office, office.ids(), driver))
    assert len(cases) == SIX
    assert sum(case.success for case in cases) == solved
    assert {case.calls for case in cases} <= {(), ("transfer_to_human_agents",)}


def test_chance_follows_its_seed(office):
    one, same, two = (
        [case.calls for case in handled(office, office.ids(), at_random, seed=seed)] for seed in (1, 1, 2)
    )
    assert one == same
    assert one != two


def test_a_planner_drives_in_the_closed_loop(office):
    known = [lesson for found in lessons(office, office.splits["train"]) for lesson in found]
    recipe = Recipe(steps=60, learning_rate=0.02, warmup=5, average=0.9)
    *_, planner = teach(known, recipe=recipe)
    cases = list(handled(office, office.splits["train"], driven(planner)))
    assert [case.success for case in cases] == [True, True]
    assert [case.issues for case in cases] == [2, 1]
    assert min(case.seconds for case in cases) > 0


def test_what_is_held_out_is_in_no_other_split(office):
    assert held_out(office, 5) == ("[mms]ended[PERSONA:None]",)
    assert held_out(office, 0) == ()
