import subprocess
import sys

import pytest
from agentic_diffusion_code.sandbox import Execution, ProcessSandbox
from agentic_diffusion_code.sandbox.attacks import ATTACKS, Attack
from agentic_diffusion_code.sandbox.testing import LIMITS, attack_all, check_sandbox


class NaiveSandbox:
    """What most people do: a subprocess, and what it prints is believed."""

    def run(self, source, *, language="python", stdin="", limits=LIMITS):
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
        return Execution(status="error" if done.returncode else "ok", stdout=done.stdout)

    def call(self, source, entry, arguments, *, language="python", limits=LIMITS):
        space: dict = {}
        exec(source, space)
        return [Execution(status="ok", value=space[entry](*one)) for one in arguments]


def test_ordinary_programs_run_first(outcomes):
    assert [one.held for one in outcomes["ordinary"]] == [True]


def test_the_corpus_is_large_and_its_names_are_unique():
    assert len(ATTACKS) >= 200
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize(
    "name",
    ["files/read a secret file", "network/tcp to a server", "processes/fork", "files/write outside"],
)
def test_the_kit_can_fail(name):
    attack = next(one for one in ATTACKS if one.name == name)
    (ordinary, outcome) = check_sandbox(NaiveSandbox(), [attack])
    assert ordinary.held
    assert outcome.held is False


def test_the_kit_sees_a_process_that_was_ended():
    attack = next(one for one in ATTACKS if one.name == "signals/kill another process")
    silent = Attack(attack.name, attack.family, attack.source.replace("breach('kill')", ""))
    (outcome,) = attack_all(NaiveSandbox(), [silent])
    assert outcome.held is False
    assert "ended a process" in outcome.detail


def test_a_judge_that_believes_objects_is_caught():
    class Gullible(NaiveSandbox):
        def call(self, source, entry, arguments, *, language="python", limits=LIMITS):
            return [Execution(status="ok", value=one[0] * one[1] + one[0] - one[1]) for one in arguments]

    attack = next(one for one in ATTACKS if one.goal == "cheat")
    (outcome,) = attack_all(Gullible(), [attack])
    assert outcome.held is False


@pytest.mark.slow
def test_without_namespaces_at_most_one_gets_through():
    if sys.platform != "linux":
        pytest.skip("namespaces are Linux's")
    fast = [a for a in ATTACKS if a.goal == "escape" and a.language == "python"]
    with ProcessSandbox(without=("namespaces", "private_root"), concurrency=4) as weaker:
        if weaker.run("pass").status != "ok":
            pytest.skip("neither namespaces nor Landlock here")
        through = [one for one in attack_all(weaker, fast, at_once=4) if one.held is False]
    assert len(through) <= 1, through
