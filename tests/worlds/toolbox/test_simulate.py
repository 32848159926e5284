"""A case: calls read, change, break down, are refused and cost what they cost."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_worlds.acting.pursue import Place
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.simulate import Case


def test_what_cannot_be_read_is_not_known(bench):
    case = Case(bench.task("device.cache=clean"), bench.sure)
    assert isinstance(case, Place)
    facts = case.observe().facts
    assert facts["device.power"] == "off"
    assert "device.cache" not in facts
    assert case.calls == 0
    case.call("device_power_on")
    assert case.observe().facts["device.cache"] == "full"
    assert case.observe().tried == {"device_power_on": "ok"}


def test_a_plan_is_made_until_something_does_not_work(bench):
    case = Case(bench.task("device.cache=clean"), bench.sure)
    plan = bench.planned(case.observe(), ["device_clear_quick", "device_power_on"])
    outcome = case.act(plan)
    assert outcome.evidence["calls"][0]["result"] == "refused"
    assert (outcome.reward, outcome.value, case.calls) == (0.0, ("device_clear_quick",), 1)
    outcome = case.act(bench.planned(case.observe(), ["device_power_on", "device_clear_deep", "device_wipe"]))
    assert outcome.reward == pytest.approx(2 / 3)  # over before the last call, which was not needed
    assert case.over
    assert case.solved
    assert case.verdict() == pytest.approx(1 - 0.03)
    assert outcome.evidence["milliseconds"] == 80.0


def test_a_plan_without_calls_does_nothing(bench):
    case = Case(bench.task("device.cache=clean"), bench.sure)
    assert case.act(bench.planned(case.observe(), [])).reward == 0.0
    assert not case.over


def test_handing_over_ends_the_case_and_is_right_where_nothing_helps(bench):
    case = Case(bench.task("account.plan=full", start={"account.state": "closed"}, hopeless=True), bench.sure)
    case.call("hand_over")
    assert case.over
    assert case.verdict() == 1.0
    with pytest.raises(InvalidStateError, match="after the end"):
        case.call("account_unlock")
    assert case.call("account_status").result == "ok"  # looking is always allowed


def test_calls_break_down_as_often_as_they_should(bench):
    worked = 0
    for seed in range(300):
        case = Case(bench.task("device.pairing=paired"), Behaviour(plain=0.3), seed=seed)
        worked += case.call("device_power_on").result == "ok"
    assert 60 < worked < 120


def test_behaviour_may_change_while_a_case_is_under_way(bench):
    days = [bench.never, bench.sure]
    case = Case(bench.task("device.pairing=paired"), lambda: days.pop(0))
    assert [case.call("device_power_on").result for _ in range(2)] == ["failed", "ok"]


def test_the_limit_ends_the_case_and_unknown_tools_are_refused(bench):
    case = Case(bench.task("device.cache=clean"), bench.never, limit=2)
    for _ in range(2):
        case.call("device_power_on")
    assert case.over
    assert case.verdict() == 0.0
    with pytest.raises(InvalidStateError, match="catalogue"):
        case.call("device_dance")
