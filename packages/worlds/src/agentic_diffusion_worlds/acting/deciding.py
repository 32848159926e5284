"""From reports to trust: what decides whether a call works, how far it can be trusted, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor

from agentic_diffusion_worlds.acting.trust import HOPEFUL, Report, Trust

LEAF = 0.5
"""Calls that worked, and as many that did not, as if seen before the first: what decides makes tools good or bad."""

NOTHING, OWN = 0.4, 0.2
"""How far it is believed beforehand that nothing decides, and that its own last failure in this task does."""

STEADY = 3.0
"""Nats by which a change has to explain the reports better, beyond the number of moments that were considered."""

MOMENTS = 48
"""Moments, evenly spread over the reports, at which tools may have changed."""

ROUNDS = 8
"""Rounds of expectation and maximisation."""


@final
@dataclass
class _Calls:
    """The reports of one call: words that were said in each, whether it worked, and its place among all reports."""

    said: Tensor
    good: Tensor
    when: Tensor
    start: int = 0
    before: Tensor | float = field(default=0.0)

    def counts(self, moments: Tensor) -> tuple[Tensor, Tensor]:
        """Return (worked, made) before each moment, where each word is missing and where it is said."""
        seen = torch.stack([1 - self.said, self.said], dim=-1)
        none = torch.zeros(1, *seen.shape[1:], dtype=seen.dtype)
        place = torch.searchsorted(self.when, moments)
        worked = torch.cat([none, (self.good[:, None, None] * seen).cumsum(0)])[place]
        return worked, torch.cat([none, seen.cumsum(0)])[place]


def fit_trust(
    reports: Iterable[Report], *, calls: int, width: int, own: Sequence[int] = (), steady: float = STEADY
) -> Trust:
    """Return the trust that reports give reason for.

    Each call has one word that decides whether it works, or none. Which words decide is learned over all calls
    together (empirical Bayes by expectation and maximisation), so that a few reports of each are enough. Then it is
    asked whether one moment divides the reports better than none does: there some of the tools have changed, and of
    those only what was reported since counts for how far, and all that was reported for what decides. What remains
    is asked again.

    Args:
        reports: What calls reported, oldest first.
        calls: How many calls there are.
        width: Length of the vector of a situation.
        own: For each call, the place of the word that says that it failed when it was last tried; none when left out.
        steady: Nats that a change has to gain.

    Raises:
        InvalidConfigError: `own` is not one place for each call.
    """
    if len(own) not in (0, calls) or any(not 0 <= place < width for place in own):
        raise InvalidConfigError(
            f"own={tuple(own)}", f"{calls} places below {width}", "Name one for each call."
        )
    told = list(reports)
    hopeful = HOPEFUL[0] / sum(HOPEFUL)
    chance = torch.full((calls, width, 2), hopeful, dtype=torch.float64)
    share = torch.zeros(calls, width, dtype=torch.float64)
    plain = torch.full((calls,), hopeful, dtype=torch.float64)
    if not told:
        return Trust(chance, share, plain)
    words = torch.stack([report.context for report in told]).amax(dim=0).nonzero()[:, 0]
    known = _gathered(told, words)
    where = {int(word): index for index, word in enumerate(words)}
    mine = torch.tensor([where.get(own[call], -1) if own else -1 for call in known])
    since, prior = 0, _prior(len(words))
    while True:
        scores = torch.stack([_whole(each, len(told)) for each in known.values()])
        shares, prior = _shared(scores, mine)
        moment = _change(known, _mixed(prior, mine), since=since, end=len(told), steady=steady)
        if moment is None:
            break
        since = moment
    for row, (call, each) in enumerate(known.items()):
        worked, made = _since(each, len(told))
        chance[call, words] = (worked + HOPEFUL[0]) / (made + sum(HOPEFUL))
        share[call, words] = shares[row, : len(words)]
        if mine[row] >= 0:
            share[call, own[call]] += shares[row, -1]
        fine = (worked[0].sum() + HOPEFUL[0]) / (made[0].sum() + sum(HOPEFUL))
        plain[call] = shares[row, len(words)] * fine
    return Trust(chance, share, plain, since)


def _gathered(told: Sequence[Report], words: Tensor) -> dict[int, _Calls]:
    rows: dict[int, list[int]] = {}
    for index, report in enumerate(told):
        rows.setdefault(report.call, []).append(index)
    return {
        call: _Calls(
            said=torch.stack([told[index].context for index in places]).double()[:, words],
            good=torch.tensor([float(told[index].worked) for index in places], dtype=torch.float64),
            when=torch.tensor(places),
        )
        for call, places in sorted(rows.items())
    }


def _evidence(worked: Tensor, made: Tensor) -> Tensor:
    """Return ln ∫ pʷ (1-p)ᵐ⁻ʷ Beta(p; ½, ½) dp, summed over where a word is missing and where it is said."""
    one, two = worked + LEAF, made - worked + LEAF
    nothing = 2 * torch.tensor(LEAF, dtype=torch.float64).lgamma() - torch.tensor(2 * LEAF).double().lgamma()
    return (one.lgamma() + two.lgamma() - (one + two).lgamma() - nothing).sum(dim=-1)


def _since(each: _Calls, end: int) -> tuple[Tensor, Tensor]:
    """Return (worked, made) of a call since its tool last changed: (words, 2)."""
    worked, made = each.counts(torch.tensor([each.start, end]))
    return worked[1] - worked[0], made[1] - made[0]


def _all(worked: Tensor, made: Tensor) -> Tensor:
    """Return the evidence for each word and, behind them, for nothing: (..., words + 1)."""
    sums = torch.stack([worked[..., :1, :].sum(-1), made[..., :1, :].sum(-1)])[..., None]
    return torch.cat([_evidence(worked, made), _evidence(sums[0], sums[1])], dim=-1)


def _whole(each: _Calls, end: int) -> Tensor:
    """Return the evidence of all reports of a call; a word always or never said decides nothing."""
    worked, made = _since(each, end)
    found = _all(worked, made) + each.before
    silent = (each.said.amin(dim=0) == each.said.amax(dim=0)).nonzero()[:, 0]
    found[silent] = -torch.inf
    return found


def _prior(words: int) -> Tensor:
    """Return what is believed beforehand: of each word, of nothing, and of the call's own failure."""
    each = torch.full((words,), (1 - NOTHING - OWN) / words, dtype=torch.float64)
    return torch.cat([each, torch.tensor([NOTHING, OWN], dtype=torch.float64)])


def _with_own(scores: Tensor, mine: Tensor) -> Tensor:
    """Append the evidence for the own failure of each call: the one of its own word."""
    own = scores.gather(
        -1, mine.clamp(min=0).view(-1, *[1] * (scores.ndim - 1)).expand(*scores.shape[:-1], 1)
    )
    return torch.cat(
        [scores, own.masked_fill(mine.view(-1, *[1] * (scores.ndim - 1)) < 0, -torch.inf)], dim=-1
    )


def _shared(scores: Tensor, mine: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far each word decides for each call, and how far it is believed to of any call."""
    first = _prior(scores.shape[-1] - 1)
    told, prior = _with_own(scores, mine), first
    shares = (told + prior.log()).softmax(dim=-1)
    for _ in range(ROUNDS):
        prior = (first + shares.sum(dim=0)) / (1 + len(shares))
        shares = (told + prior.log()).softmax(dim=-1)
    return shares, prior


def _mixed(prior: Tensor, mine: Tensor) -> Tensor:
    """Return the logarithm of the prior of each call over words and nothing: (calls, words + 1)."""
    mixed = prior[:-1].expand(len(mine), -1).clone()
    rows = (mine >= 0).nonzero()[:, 0]
    mixed[rows, mine[rows]] += prior[-1]
    return mixed.log()


def _change(known: dict[int, _Calls], prior: Tensor, *, since: int, end: int, steady: float) -> int | None:
    """Find the moment at which tools have most likely changed; note it in the calls of which it is believed."""
    gap = max(8, (end - since) // MOMENTS)
    if end - since < 2 * gap:
        return None
    moments = torch.arange(since + gap, end - gap + 1, gap)
    gains = torch.stack(
        [_gain(each, row, moments, end) for each, row in zip(known.values(), prior, strict=True)]
    )
    odds = torch.full((len(moments),), 0.5, dtype=torch.float64)  # how many of the tools have changed
    for _ in range(ROUNDS):
        believed = (odds.log() - (-odds).log1p() + gains).sigmoid()
        odds = ((believed.sum(dim=0) + 1) / (len(gains) + 2)).clamp(0.05, 0.95)
    told = torch.logaddexp((-odds).log1p().expand_as(gains), odds.log() + gains).sum(dim=0)
    best = int(told.argmax())
    if float(told[best]) < steady + torch.tensor(float(len(moments))).log():
        return None
    moment = int(moments[best])
    for changed, each in zip(believed[:, best] > 0.5, known.values(), strict=True):
        if changed:
            worked, made = each.counts(torch.tensor([each.start, moment]))
            each.before = each.before + _all(worked[1] - worked[0], made[1] - made[0])
            each.start = moment
    return moment


def _gain(each: _Calls, prior: Tensor, moments: Tensor, end: int) -> Tensor:
    """Return by how much each moment explains the reports of a call better than none."""
    worked, made = each.counts(torch.cat([torch.tensor([each.start, end]), moments]))
    before = _all(worked[2:] - worked[0], made[2:] - made[0])
    after = _all(worked[1] - worked[2:], made[1] - made[2:])
    whole = _all(worked[1] - worked[0], made[1] - made[0])
    believed = prior + each.before
    return (before + after + believed).logsumexp(-1) - (whole + believed).logsumexp(-1)
