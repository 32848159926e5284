"""The manual says what to do and not whom to trust."""

import numpy as np
from agentic_diffusion_worlds.toolbox.catalog import RIVALS
from agentic_diffusion_worlds.toolbox.manual import CALLS, by_the_book, demonstrations
from agentic_diffusion_worlds.toolbox.simulate import Case


def test_plans_by_the_book_solve_cases_whose_tools_work(bench):
    rng = np.random.default_rng(0)
    case = Case(bench.task("order.stage=shipped"), bench.sure)
    for _ in range(4):
        if not case.over:
            case.act(bench.planned(case.observe(), by_the_book(case.observe(), rng)))
    assert case.solved


def test_what_cannot_be_done_is_handed_over(bench):
    case = Case(bench.task("account.plan=full", start={"account.state": "closed"}, hopeless=True), bench.sure)
    assert by_the_book(case.observe(), np.random.default_rng(0)) == ("hand_over",)


def test_demonstrations_are_known_calls_and_take_no_side():
    shown = list(demonstrations(300, seed=1))
    assert len(shown) > 200
    used = [call for _, calls in shown for call in calls]
    assert set(used) <= set(CALLS)
    for _, one, two in RIVALS:
        share = used.count(one) / (used.count(one) + used.count(two))
        assert 0.25 < share < 0.75
    assert any(situation.tried for situation, _ in shown)
