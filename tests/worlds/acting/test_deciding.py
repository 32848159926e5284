"""What decides is found with few reports because calls share it, and a change of some tools is noticed and dated."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_worlds.acting.deciding import fit_trust
from agentic_diffusion_worlds.acting.trust import Report


def told(*bits, call=0, worked=True):
    return Report(torch.tensor(bits, dtype=torch.float32), call, worked)


def random_reports(rng, *, count, calls, flipped=()):
    """Return reports of calls that all depend on word 3 of 24, half of them the other way round."""
    words = (torch.rand(count, 24, generator=rng) < 0.5).float()
    made = []
    for row in words:
        call = int(torch.randint(calls, (), generator=rng))
        suits = bool(row[3]) == (call % 2 == 0)
        made.append(Report(row, call, suits != (call in flipped)))
    return made


def right(trust, *, calls, flipped=()):
    words = torch.zeros(2, 24)
    words[1, 3] = 1
    chance = trust(words)
    aim = [
        [(said == (call % 2 == 0)) != (call in flipped) for call in range(calls)] for said in (False, True)
    ]
    return float(((chance > 0.5) == torch.tensor(aim)).float().mean())


def test_the_word_that_decides_is_found():
    reports = [told(a, b, call=0, worked=bool(a)) for a in (0, 1) for b in (0, 1) for _ in range(5)]
    trust = fit_trust(reports, calls=2, width=2)
    chance = trust(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    assert chance[0, 0] > 0.9
    assert chance[1, 0] < 0.1
    assert torch.allclose(chance[:, 1], torch.tensor(0.75))  # nobody has tried it
    assert trust.share[0, 0] > 0.99
    assert trust.since == 0


def test_without_a_deciding_word_it_is_a_count():
    reports = [told(1, worked=i < 3) for i in range(10)]
    assert fit_trust(reports, calls=1, width=1)(torch.ones(1, 1)).item() == pytest.approx(3.75 / 11, abs=1e-6)


def test_a_chance_is_the_average_over_words_weighed_by_their_evidence():
    """Against a sum by hand: two words, one of which is always said with the other but for one report."""
    reports = [told(1, 1), told(1, 1), told(0, 0, worked=False), told(0, 1, worked=False)]
    trust = fit_trust(reports, calls=1, width=2)
    beta = torch.distributions.Beta(torch.tensor(0.5, dtype=torch.float64), 0.5)
    grid = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    density = beta.log_prob(grid).exp()

    def evidence(good, bad):
        return float((density * grid**good * (1 - grid) ** bad).mean())

    scores = [evidence(2, 0) * evidence(0, 2), evidence(2, 1) * evidence(0, 1), evidence(2, 2)]
    ratio = float(trust.share[0, 0] / trust.share[0, 1])
    assert (
        ratio > scores[0] / scores[1] * 0.99
    )  # what is learned over all calls favours the better one further
    assert scores[0] > scores[1] > scores[2]
    chance = float(trust(torch.tensor([[1.0, 1.0]])))
    leaves = torch.tensor([2.75 / 3, 2.75 / 4], dtype=torch.float64)
    assert chance == pytest.approx(float(trust.share[0] @ leaves + trust.plain[0]), abs=1e-6)
    assert float(trust.share.sum() + trust.plain[0] / (2.75 / 5)) == pytest.approx(1.0)


def test_calls_teach_each_other_what_decides():
    """Each of twelve calls has four reports: alone they say nothing among 24 words, together they do."""
    reports = random_reports(torch.Generator().manual_seed(0), count=48, calls=12)
    together = fit_trust(reports, calls=12, width=24)
    alone = [fit_trust([r for r in reports if r.call == call], calls=12, width=24) for call in range(12)]
    assert right(together, calls=12) >= 0.8
    mine = torch.tensor([float(alone[call].share[call, 3]) for call in range(12)])
    assert together.share[:, 3].mean() > 0.6 > 0.4 > mine.mean()


def test_its_own_failure_in_the_task_can_decide():
    reports = [
        told(*(float(word == call) * (1 - good) for word in range(6)), call=call, worked=bool(good))
        for call in range(6)
        for good in (0, 1, 1)
    ]
    own = fit_trust(reports, calls=6, width=6, own=range(6))
    plain = fit_trust(reports, calls=6, width=6)
    assert own.share.diagonal().mean() > plain.share.diagonal().mean()
    assert own(torch.eye(6)).diagonal().max() < 0.4
    with pytest.raises(InvalidConfigError, match="own="):
        fit_trust(reports, calls=6, width=6, own=(1, 2))


def test_a_change_of_half_of_the_tools_is_dated_and_the_others_stay():
    rng = torch.Generator().manual_seed(1)
    changed = (0, 1, 2, 3)
    before = random_reports(rng, count=240, calls=8)
    assert fit_trust(before, calls=8, width=24).since == 0
    after = random_reports(rng, count=60, calls=8, flipped=changed)
    trust = fit_trust([*before, *after], calls=8, width=24)
    assert abs(trust.since - len(before)) <= 20
    assert right(trust, calls=8, flipped=changed) >= 0.9
    steady = fit_trust([*before, *after], calls=8, width=24, steady=1e9)
    assert steady.since == 0
    assert right(steady, calls=8, flipped=changed) <= 0.6


def test_no_reports_no_opinion():
    trust = fit_trust([], calls=2, width=3)
    assert torch.allclose(trust(torch.ones(1, 3)), torch.full((1, 2), 0.75))
