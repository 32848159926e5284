"""The answer that a search comes to: its best program with evidence, or an abstention with reasons."""

from __future__ import annotations

import logging

from agentic_diffusion.planning.answer import log_plan
from agentic_diffusion.records import Candidate, Plan, Verdict

from .confidence import Familiar
from .domain import CodeRequest, Program
from .search import Attempt, Search

log = logging.getLogger(__name__)


def answer(search: Search, familiar: Familiar | None) -> Plan[CodeRequest, Program]:
    """Return the best program of a search with its evidence, or an abstention with reasons.

    Args:
        search: What was tried.
        familiar: Says how far a description lies from the training data; None where nobody can.
    """
    request = search.request if search.spoken is None else search.spoken.asked
    best = search.best()
    good = [attempt for attempt in search.attempts.values() if attempt.passed]
    candidates = tuple(_candidate(search, attempt) for attempt in good)
    if best is None:
        nothing = Verdict(passed=False, score=0.0, evidence=search.reasons())
        candidates = (Candidate(value=Program(language=request.language), verdict=nothing),)
    chosen = candidates[good.index(best)] if best is not None else candidates[0]
    chance = 0.0
    if best is not None:
        chance = best.chance if best.chance is not None else float((best.judgement or best.there) is not None)
    plan: Plan[CodeRequest, Program] = Plan(
        request=request,
        chosen=chosen,
        confidence=chance,
        considered=candidates,
        ending=search.ending,
        steps_done=search.step,
        steps_asked=search.total,
        batch=search.room.at_once,
        seconds=search.clock.seconds(),
        seed=search.seed,
        device=str(search.room.compute.where),
        memory=search.room.peak(),
        notes=tuple(search.room.notes),
        abstained=best is None,
        unfamiliar=None if familiar is None else search.unfamiliar(familiar(search.request.description)),
    )
    log_plan(log, plan)
    return plan


def _candidate(search: Search, attempt: Attempt) -> Candidate[Program]:
    program = Program(source=attempt.source, language=search.request.language, lines=attempt.lines)
    if search.spoken is not None and attempt.said is not None:
        program = Program(source=attempt.said, language=search.spoken.asked.language)
    verdict = Verdict(passed=True, score=attempt.score, evidence=search.evidence(attempt))
    return Candidate(value=program, verdict=verdict)
