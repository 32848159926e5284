"""From states to plans: requests that are judged together get the verdicts that each would get alone."""

from dataclasses import dataclass, replace

import pytest
from agentic_diffusion.errors import ContractError
from agentic_diffusion.planning import answer
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectories
from agentic_diffusion.records import MemoryUse, Verdict

ASKS = [Reach(start=(k / 10, 0.0), goal=(1.0, None)) for k in range(3)]


class Judge:
    """Judges by one number, and counts how it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, request, values):
        self.asked.append(len(values))
        return [Verdict(passed=True, score=value.states[2][0] - request.start[0]) for value in values]

    def judge_many(self, requests, values):
        self.asked.append([len(each) for each in values])
        return [
            [Verdict(passed=True, score=v.states[2][0] - r.start[0]) for v in each]
            for r, each in zip(requests, values, strict=True)
        ]


def test_a_judge_of_many_is_asked_once_for_all(maker) -> None:
    judge = Judge()
    planner = maker(verify=judge)
    many = planner.plan_many(ASKS, seeds=[1, 2, 3])
    assert judge.asked == [[8, 8, 8]]
    alone = [planner.plan(ask, seed=seed) for ask, seed in zip(ASKS, (1, 2, 3), strict=True)]
    assert judge.asked[1:] == [8, 8, 8]
    assert [plan.chosen for plan in many] == [plan.chosen for plan in alone]


def test_one_and_the_same_answer_is_one_candidate() -> None:
    good, other = Verdict(passed=True, score=1.0), Verdict(passed=True, score=1.0)
    value = ("push",)
    first, second, third = answer._candidates([value, value, value], [good, good, other])
    assert first is second
    assert first is not third
    assert [first.value, third.verdict] == [value, other]


def test_a_plan_tells_what_memory_it_took(maker) -> None:
    memory = maker().plan(ASKS[0]).memory
    assert isinstance(memory, MemoryUse)
    assert memory.host > 10_000_000
    assert 0 <= memory.grew < memory.host
    assert memory.device is None


def test_proposals_stand_behind_the_candidates_of_their_own_request(maker) -> None:
    plain = maker()
    remembered = plain.plan(ASKS[0], seed=9).chosen.value
    asked = []

    def propose(request):
        asked.append(request)
        return [remembered] if request == ASKS[1] else []

    plans = maker(propose=propose, unfamiliar=lambda request: request.start[0]).plan_many(ASKS)
    assert [len(plan.considered) for plan in plans] == [8, 9, 8]
    assert plans[1].considered[-1].value.states[3] == remembered.states[3]
    assert asked == ASKS
    assert [plan.unfamiliar for plan in plans] == [0.0, 0.1, 0.2]


def test_proposals_are_encoded_once(maker) -> None:
    sizes = []

    @dataclass(frozen=True)
    class Counting:
        inner: Trajectories

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def encode(self, values):
            sizes.append(len(values))
            return self.inner.encode(values)

    plain = maker()
    good = [plain.plan(ASKS[0], seed=seed).chosen.value for seed in (8, 9)]
    plan = replace(plain, domain=Counting(plain.domain), propose=lambda request: good).plan(ASKS[0])
    assert sizes == [1, 1]
    assert [found.value.states[3] for found in plan.considered[8:]] == [value.states[3] for value in good]


def test_a_proposer_that_fails_costs_its_proposals_and_not_the_plan(maker, caplog) -> None:
    def late(request):
        raise TimeoutError("the model does not answer")

    plan = maker(propose=late).plan(ASKS[0])
    assert len(plan.considered) == 8
    assert plan.notes == ("the proposer failed (TimeoutError: the model does not answer)",)
    assert caplog.messages == ["the proposer failed: TimeoutError"]
    assert "does not answer" not in caplog.text  # what it says may be nobody's business
    good = maker().plan(ASKS[0], seed=9).chosen.value
    plan = maker(propose=lambda request: ["no plan", good]).plan(ASKS[0])
    assert len(plan.considered) == 9
    (note,) = plan.notes
    assert note.startswith("a proposal was left out (")
    assert len(note) <= 300
    assert caplog.messages[1] == "a proposal was left out: TypeCheckError"
    assert not any(record.exc_info for record in caplog.records)


def test_states_of_many_requests_are_decoded_by_one_call(maker) -> None:
    calls = []

    @dataclass(frozen=True)
    class Counting:
        inner: Trajectories

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def decode(self, x):
            calls.append(len(x))
            return self.inner.decode(x)

    plain = maker()
    plans = replace(plain, domain=Counting(plain.domain)).plan_many(ASKS, seeds=[1, 2, 3])
    assert calls == [24]
    assert [plan.considered for plan in plans] == [
        plan.considered for plan in plain.plan_many(ASKS, seeds=[1, 2, 3])
    ]


def test_a_domain_that_leaves_states_out_is_told_so(maker) -> None:
    @dataclass(frozen=True)
    class Skipping:
        inner: Trajectories

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def decode(self, x):
            return self.inner.decode(x)[1:]

    plain = maker()
    with pytest.raises(ContractError, match=r"23 values of 24 states from Skipping\.decode"):
        replace(plain, domain=Skipping(plain.domain)).plan_many(ASKS)


def test_whoever_is_proposed_is_told_so_also_where_it_was_sampled_too(maker) -> None:
    sampled = maker().plan(ASKS[0]).considered[0].value
    plan = maker(propose=lambda request: [sampled]).plan(ASKS[0])
    marked = [
        candidate.value for candidate in plan.considered if candidate.verdict.evidence.get("proposed") == 0
    ]
    assert len(marked) >= 2
    assert marked[0] == marked[-1] == sampled
    assert all("proposed" not in candidate.verdict.evidence for candidate in maker().plan(ASKS[0]).considered)
