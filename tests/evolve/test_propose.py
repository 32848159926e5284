"""Proposers: draws have the law they promise, and a resumed round has the tasks it had."""

import math
from collections import Counter
from itertools import permutations

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.estimate import by_features, named
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.propose import (
    Fresh,
    Frontier,
    Mixture,
    Perturb,
    Proposer,
    Replay,
    disagreement,
    progress,
    shortfall,
)


def told(request, reward, **changes):
    return Outcome(request=request, value=0, reward=reward, **changes)


def remembering(*rows):
    memory = ListMemory()
    memory.add_many(told(request, reward) for request, reward in rows)
    return memory


def draw(rng, count):
    return torch.rand(count, generator=rng).tolist()


def test_replay_draws_by_rank_as_brute_force_says() -> None:
    memory = remembering(("good", 9), ("bad", 1), ("middle", 5))
    chances = {"bad": 1.0, "middle": 2**-0.7, "good": 3**-0.7}
    law = {}
    for first, second, _ in permutations(chances):
        rest = sum(chances.values()) - chances[first]
        law[first, second] = chances[first] / sum(chances.values()) * chances[second] / rest
    assert math.isclose(sum(law.values()), 1)
    replay, rounds = Replay(memory, count=2), 6000
    seen = Counter(tuple(replay(n)) for n in range(rounds))
    for pair, chance in law.items():
        assert abs(seen[pair] / rounds - chance) < 4 * math.sqrt(chance * (1 - chance) / rounds)


def test_ties_share_their_rank_and_more_than_all_begins_anew() -> None:
    memory = remembering(("a", 1), ("b", 1), ("c", 1))
    seen = Counter(Replay(memory, count=1, sharpness=5)(n)[0] for n in range(900))
    assert all(abs(count - 300) < 70 for count in seen.values())
    seven = Replay(memory, count=7)(1)
    assert [len(set(seven[:3])), len(set(seven[3:6])), len(seven)] == [3, 3, 7]
    assert Replay(ListMemory())(1) == []


def test_needs_are_what_they_say() -> None:
    assert shortfall([told("a", 2), told("a", 4)]) == -3
    assert disagreement([told("a", 2), told("a", 4), told("a", 100, trust=0.0)]) == 1
    assert disagreement([told("a", 2, trust=0.0)]) == 0
    assert progress([told("a", r) for r in (0, 0, 1, 1)]) == 1
    assert progress([told("a", r) for r in (1, 1, 0, 0)]) == 1
    assert progress([told("a", 1)] * 6) == progress([told("a", 1)]) == 0


def test_perturbed_tasks_lie_near_their_source() -> None:
    memory = remembering((0.0, 1), (10.0, 2))
    near = Perturb(Replay(memory, count=6), lambda task, rng: task + float(torch.rand((), generator=rng)))
    assert isinstance(near, Proposer)
    assert near(3) == near(3) != near(4)
    assert all(0 < b - a < 1 for a, b in zip(near.source(3), near(3), strict=True))
    other = Perturb(near.source, near.change, seed=1)
    assert other(3) != near(3)


def test_the_frontier_is_where_success_is_a_coin_toss() -> None:
    memory = ListMemory()
    for difficulty in range(0, 40, 2):
        for n in range(20):
            works = n / 20 < 1 / (1 + math.exp(difficulty - 20))
            memory.add(told(float(difficulty), float(works)))
    fresh = Fresh(lambda rng, count: (40 * torch.rand(count, generator=rng)).tolist())
    frontier = Frontier(memory, by_features(lambda d: [d]), count=10, source=fresh, pool=200, sharpness=8)
    proposed = [task for n in range(20) for task in frontier(n)]
    assert sum(abs(task - 20) < 3 for task in proposed) > 0.9 * len(proposed)
    evenly = [task for n in range(20) for task in fresh(n)]
    assert sum(abs(task - 20) < 3 for task in evenly) < 0.3 * len(evenly)
    remembered = Frontier(memory, count=2, sharpness=8)
    assert sum(abs(task - 20) <= 2 for n in range(20) for task in remembered(n)) > 36


def grown(proposer_of, rounds=40):
    """Let a simulated learner grow: a task teaches as much as its success is uncertain; return its last skill."""
    memory, skill = ListMemory(), 0.0
    coin = torch.Generator().manual_seed(0)
    proposer = proposer_of(memory)
    for number in range(1, rounds + 1):
        for index, task in enumerate(proposer(number)):
            chance = 1 / (1 + math.exp(task - skill))
            works = float(torch.rand((), generator=coin)) < chance
            memory.add(told(task, float(works), id=named("evolve", number, index=index, order=0)))
            skill += 0.5 * chance * (1 - chance)
    return skill


def test_a_learner_at_its_frontier_grows_faster() -> None:
    fresh = Fresh(lambda rng, count: (30 * torch.rand(count, generator=rng)).tolist())
    at_the_edge = grown(
        lambda memory: Frontier(memory, by_features(lambda d: [d]), source=fresh, pool=100, sharpness=4)
    )
    assert at_the_edge > 2 * grown(lambda memory: fresh)


def test_a_mixture_rounds_its_shares_and_fills_what_is_missing() -> None:
    ones, twos = Fresh(lambda rng, count: [1.0] * count), Fresh(lambda rng, count: [2.0] * count)
    assert Mixture(((ones, 1), (twos, 2)), count=8)(1) == [1.0] * 3 + [2.0] * 5
    assert Mixture(((ones, 1), (twos, 1)))(1, count=3) == [1.0] * 2 + [2.0]
    empty = Replay(ListMemory())
    assert Mixture(((empty, 3), (twos, 1)), count=8)(1) == [2.0] * 8
    assert Mixture(((empty, 1), (empty, 1)), count=8)(1) == []
    for parts in ((), ((ones, 0),), ((ones, -1), (twos, 2))):
        with pytest.raises(InvalidConfigError):
            Mixture(parts)


@pytest.mark.parametrize("kind", [Replay, Frontier])
def test_a_round_that_is_taken_up_again_has_the_same_tasks(kind) -> None:
    whole = [told(f"task {n}", n % 3, id=named("evolve", 1, index=n, order=0)) for n in range(9)]
    memory, shuffled = ListMemory(), ListMemory()
    memory.add_many(whole)
    shuffled.add_many(reversed(whole))  # workers end in any order
    before = kind(memory, count=4)(2)
    assert kind(shuffled, count=4)(2) == before
    memory.add_many(
        told(task, 7, id=named("evolve", 2, index=n, order=0)) for n, task in enumerate(before[:2])
    )
    assert kind(memory, count=4)(2) == before
    assert kind(memory, count=4, name="other")(2) != before or kind(memory, count=9)(3) != before
