"""The coder: it returns what parses and passes, mends what fails, and otherwise says why not."""

import logging
import math
from collections.abc import Iterator

import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.testing import check_planner
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.confidence import Confidence, Familiar, Odds
from agentic_diffusion_code.domain import CodeRequest, asked
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.typed import misfits
from agentic_diffusion_code.writer import TokenWriter
from agentic_diffusion_code.writes import Heeded, Sketch, Sureness
from library import Lexemes, Shelf

DOUBLE = "def f ( x ) :\n    y = x + x\n    return y\n"
BROKEN = "def f ( x ) :\n    y = x + z\n    return y\n"
TORN = "def f ( x ) :\n    y = = x\n    return y\n"
REQUEST = asked("doubles a number", ["f(2) == 4", "f(5) == 10"])


def shelf(*programs: str) -> TokenWriter:
    tokens = Lexemes()
    return TokenWriter(Shelf(programs, tokens), tokens, Decoding(block=8, bound=0.2))


class Scripted:
    """Says what it was told to say, and notes what it was asked."""

    def __init__(self, first: tuple[str, ...], *mended: tuple[str, ...]) -> None:
        self.first, self.mended, self.asked = first, list(mended), []

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Iterator[Sketch]:
        self.asked.append("write")
        yield Sketch(self.first[:count], 0.5, 1)
        yield Sketch(self.first[:count], 1.0, 2, 9, True)

    def mend(self, request, source, *, groups, hint, count, seed) -> Iterator[Sketch]:
        self.asked.append(("mend", source, groups[0], hint))
        yield Sketch(self.mended.pop(0) if self.mended else (source,), 1.0, 1, 3, True)

    def vary(self, request, source, *, share, count, seed) -> Iterator[Sketch]:
        self.asked.append(("vary", source, share))
        yield Sketch((source,), 1.0, 1, 3, True)

    def sure(self, request: CodeRequest, source: str) -> None:
        return None


class Remembers:
    def __init__(self, source: str = DOUBLE) -> None:
        self.source = source

    def nearest(self, request: CodeRequest) -> str:
        return self.source


def test_a_program_is_found_and_verified(fence: ProcessSandbox) -> None:
    coder = Coder(shelf(DOUBLE, BROKEN), fence, count=2, rounds=1)
    assert isinstance(coder, Plans)
    plan = check_planner(coder, REQUEST, seed=3)
    assert plan.chosen.value.source == DOUBLE
    assert plan.chosen.verdict.passed
    assert plan.chosen.verdict.evidence["tests"] == 2
    assert not plan.abstained
    assert len(plan.chosen.value.lines) == 3


def test_each_plan_is_one_line_of_the_log_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="agentic_diffusion_code"):
        Coder(Scripted((DOUBLE,))).plan(asked("doubles a number"))
    (line,) = [
        record.getMessage() for record in caplog.records if record.name == "agentic_diffusion_code.answering"
    ]
    assert line.startswith("plan ending=complete passed=True")
    assert "doubles" not in line
    assert "def" not in line


def test_a_failure_is_mended_where_the_trace_points(fence: ProcessSandbox) -> None:
    writer = Scripted((BROKEN,), (BROKEN, DOUBLE))
    plan = Coder(writer, fence, count=0, lints=False).plan(REQUEST)
    assert plan.chosen.value.source == DOUBLE
    asked_for = writer.asked[-1]
    assert asked_for[:3] == ("mend", BROKEN, [2])
    assert "NameError" in asked_for[3]
    assert plan.chosen.verdict.evidence["repairs"] == 1


def test_the_same_failure_ends_the_search(fence: ProcessSandbox) -> None:
    writer = Scripted((BROKEN,))
    plan = Coder(writer, fence, count=0, rounds=9, lints=False).plan(REQUEST)
    assert plan.abstained
    assert plan.chosen.value.source == ""
    assert plan.confidence == 0
    assert len([each for each in writer.asked if each != "write"]) == 1
    assert "the same failures came again after repair" in plan.chosen.verdict.evidence["reasons"]
    assert BROKEN not in plan.model_dump_json()


def test_what_does_not_parse_is_mended_or_left() -> None:
    request = asked("doubles")
    plan = Coder(Scripted((TORN,), (DOUBLE,)), count=0).plan(request)
    assert plan.chosen.value.source == DOUBLE
    plan = Coder(Scripted((TORN,), ("",)), count=0, rounds=1).plan(request)
    assert plan.abstained
    assert "2 of 2 programs do not parse" in plan.chosen.verdict.evidence["reasons"]


def test_a_proven_program_is_the_start(fence: ProcessSandbox) -> None:
    writer = Scripted((BROKEN,))
    plan = Coder(writer, fence, memory=Remembers(), lints=False).plan(REQUEST)
    assert plan.chosen.value.source == DOUBLE
    assert writer.asked == ["write"]
    other = DOUBLE.replace("x + x", "x * x")
    writer = Scripted((BROKEN,))
    assert Coder(writer, fence, memory=Remembers(other), lints=False).plan(REQUEST).abstained
    assert ("vary", other, 0.5) in writer.asked


def test_a_proven_program_is_not_taken_where_it_lacks_what_was_fixed(fence: ProcessSandbox) -> None:
    for fixed in ({"prefix": "import math"}, {"suffix": "LAST = 1"}):
        writer = Scripted((BROKEN,), ("",))
        coder = Coder(writer, fence, count=0, rounds=0, memory=Remembers(), lints=False)
        plan = coder.plan(REQUEST.model_copy(update=fixed))
        assert plan.chosen.verdict.evidence.get("attempts") == 2  # its own, and what was varied
        assert ("vary", DOUBLE, 0.5) in writer.asked


class Looks(Scripted):
    """One that can look back as well."""

    def branches(self, request: CodeRequest) -> "Looks":
        return self

    def tell(self, source: str, score: float, *, until: int | None = None) -> None:
        self.asked.append(("tell", source) if until is None else ("tell", source, until))


def test_a_writer_that_looks_back_looks_back_at_the_proven_program(fence: ProcessSandbox) -> None:
    other = DOUBLE.replace("x + x", "x * x")
    writer = Looks((BROKEN,))
    writer.write = lambda *args, **how: iter([Sketch((BROKEN,), 1.0, 1, 3, True)])
    plan = Coder(writer, fence, rounds=1, memory=Remembers(other), lints=False).plan(REQUEST)
    assert plan.abstained
    assert writer.asked == [("tell", BROKEN), ("tell", other)]


MISFIT = "def f(x: int) -> int:\n    y = x + x\n    return [y]\n"


def test_what_cannot_fit_is_not_run_before_all_others(fence: ProcessSandbox) -> None:
    writer = Scripted((MISFIT,), (DOUBLE,))
    plan = Coder(writer, fence, count=0, lints=False).plan(REQUEST)
    assert plan.chosen.value.source == DOUBLE
    said = "line 3: returns list[int] where int is declared"
    assert writer.asked[-1] == ("mend", MISFIT, [3], said)
    assert plan.chosen.verdict.evidence["types"] == {"checked_by": "inference", "findings": []}
    writer = Looks((MISFIT,))
    writer.write = lambda *args, **how: iter(
        [Sketch((MISFIT,), 1.0, 1, 3, True)] if "temperature" in how else []
    )
    Coder(writer, fence, rounds=1, lints=False).plan(REQUEST)
    assert writer.asked == [("tell", MISFIT, 3)]


def test_what_cannot_fit_is_run_in_the_end(fence: ProcessSandbox) -> None:
    wrong = DOUBLE.replace("( x )", "( x: str )").replace("x + x", "2 * x - 0")
    told = Told()
    plan = Coder(Scripted((wrong,)), fence, count=0, rounds=1, lints=False, learns=told).plan(REQUEST)
    assert plan.chosen.value.source == wrong  # the declaration was wrong, not the program
    (found,) = plan.chosen.verdict.evidence["types"]["findings"]
    assert found == {"line": 2, "message": "`2 * x - 0`: str and int do not go together"}
    assert [each.reward for each in told.outcomes] == [1.0]
    plan = Coder(Scripted((MISFIT,)), fence, count=0, rounds=1, lints=False).plan(REQUEST)
    assert plan.abstained
    assert "1 programs fail at least one test" in plan.chosen.verdict.evidence["reasons"]


def test_types_need_not_be_looked_at(fence: ProcessSandbox) -> None:
    wrong = DOUBLE.replace("( x )", "( x: str )").replace("x + x", "2 * x - 0")
    plan = Coder(Scripted((wrong,)), fence, types=False, count=0).plan(REQUEST)
    assert plan.chosen.value.source == wrong
    assert plan.chosen.verdict.evidence["types"] == {"checked_by": "not checked", "findings": []}


def test_an_untested_program_that_cannot_fit_is_a_last_resort() -> None:
    plan = Coder(Scripted((MISFIT,), (DOUBLE,)), count=1, lints=False).plan(asked("doubles"))
    assert plan.chosen.value.source == DOUBLE
    plan = Coder(Scripted((MISFIT,)), count=0, rounds=0, lints=False).plan(asked("doubles"))
    assert plan.chosen.value.source == MISFIT
    assert plan.chosen.verdict.evidence["types"]["findings"]


def test_a_program_that_was_cut_off_is_none(fence: ProcessSandbox) -> None:
    writer = Scripted((DOUBLE,))
    begun = Sketch(("def f ( x",), 0.5, 1)
    writer.write = lambda *args, **how: iter([begun] * 9)
    plan = Coder(writer, fence).plan(REQUEST, budget=Budget(milliseconds=0.001))
    assert plan.abstained
    assert plan.chosen.verdict.evidence["attempts"] == 0
    assert plan.chosen.verdict.evidence["reasons"] == ["ended early: deadline, before a program was whole"]


def test_programs_are_drawn_where_no_likely_one_is_left(fence: ProcessSandbox) -> None:
    def coder(*drawn: str) -> Coder:
        writer, texts = Looks((BROKEN,)), iter((("",), *((text,) for text in drawn)))

        def write(*args: object, **how: object) -> Iterator[Sketch]:
            return iter([Sketch(next(texts), 1.0, 1, 3, True)] if "temperature" in how else [])

        writer.write = write
        return Coder(writer, fence, count=1, rounds=3, lints=False)

    plan = coder(BROKEN, DOUBLE).plan(REQUEST)
    assert plan.chosen.value.source == DOUBLE
    assert plan.chosen.verdict.evidence["repairs"] == 2
    plan = coder(BROKEN, BROKEN).plan(REQUEST)
    assert plan.abstained
    assert plan.chosen.verdict.evidence["repairs"] == 2
    assert "no likely program is left" in plan.chosen.verdict.evidence["reasons"]


class Told:
    def __init__(self) -> None:
        self.outcomes = []

    def learn(self, outcome) -> None:
        self.outcomes.append(outcome)


def test_a_draft_is_judged_and_mended_before_anything_is_written(fence: ProcessSandbox) -> None:
    writer, told = Scripted(("def f ( x ) :\n    return x\n",), (DOUBLE,)), Told()
    coder = Coder(writer, fence, count=0, lints=False, learns=told)
    plan = coder.plan(REQUEST.model_copy(update={"draft": BROKEN}), seed=3)
    assert plan.chosen.value.source == DOUBLE
    assert [each[0] for each in writer.asked[:1]] == ["mend"]
    first, second = told.outcomes[:2]
    assert (first.value.source, first.reward) == (BROKEN, 0.0)
    assert (second.value.source, second.reward, second.plan_seed) == (DOUBLE, 1.0, 3)
    assert first.request == second.request == REQUEST
    assert first.id != second.id
    assert second.source == "tests"


def test_a_draft_that_passes_is_the_answer(fence: ProcessSandbox) -> None:
    writer = Scripted((BROKEN,))
    plan = Coder(writer, fence, lints=False).plan(REQUEST.model_copy(update={"draft": DOUBLE}))
    assert plan.chosen.value.source == DOUBLE
    assert writer.asked == []


def test_a_draft_that_passes_stays_whatever_its_types_say(fence: ProcessSandbox) -> None:
    writer = Scripted((DOUBLE,))
    mine = "def f(x):\n    best: str = 2 * x\n    best = best * 1\n    text: str = 3\n    return best\n"
    assert misfits(mine)
    plan = Coder(writer, fence, lints=False).plan(REQUEST.model_copy(update={"draft": mine}))
    assert plan.chosen.value.source == mine
    assert writer.asked == []


def test_a_draft_that_cannot_be_mended_does_not_keep_a_program_from_being_written(
    fence: ProcessSandbox,
) -> None:
    plan = Coder(Scripted((DOUBLE,)), fence, count=0, lints=False).plan(
        REQUEST.model_copy(update={"draft": BROKEN})
    )
    assert plan.chosen.value.source == DOUBLE


def test_untested_programs_need_confidence() -> None:
    doubting = Confidence(weights=(0.0,) * 5, bias=-3.0, mean=(0.0,) * 5, scale=(1.0,) * 5)
    familiar = Familiar(words=frozenset({"doubles"}))
    plan = Coder(shelf(DOUBLE), confidence=doubting, familiar=familiar, count=1, rounds=0).plan(
        asked("doubles")
    )
    assert plan.abstained
    assert plan.unfamiliar == 0
    assert "the chance to be right is too small" in str(plan.chosen.verdict.evidence)
    trusting = doubting.model_copy(update={"bias": 3.0})
    plan = Coder(shelf(DOUBLE), confidence=trusting).plan(asked("doubles"))
    assert plan.confidence > 0.9


def test_a_suffix_is_run_but_never_mended(fence: ProcessSandbox) -> None:
    writer = Scripted((BROKEN,), (DOUBLE,))
    request = REQUEST.model_copy(update={"suffix": "LAST = 1\n"})
    plan = Coder(writer, fence, count=0, lints=False).plan(request)
    assert plan.chosen.value.source == DOUBLE + "\nLAST = 1\n"
    assert writer.asked[-1][1] == BROKEN


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidStateError, match="sandbox"):
        Coder(shelf(DOUBLE)).plan(REQUEST)
    with pytest.raises(InvalidConfigError):
        Coder(shelf(DOUBLE), rounds=-1)


def test_a_stop_ends_the_work() -> None:
    plan = Coder(shelf(DOUBLE), lints=False).plan(asked("doubles"), budget=Budget(stop=lambda: True))
    assert plan.ending == "stopped"


def test_what_ruff_can_correct_is_corrected_and_judged_again(fence: ProcessSandbox) -> None:
    odd = "def f(x):\n    return not x == 1\n"
    request = asked("whether a number is not one", ["f(1) == False", "f(2) == True"])
    plan = Coder(Scripted((odd,)), fence, count=0, rounds=0).plan(request)
    assert plan.chosen.value.source == "def f(x):\n    return x != 1\n"
    assert plan.chosen.verdict.evidence["lint"] == []
    mine = request.model_copy(update={"draft": odd})
    assert Coder(Scripted(()), fence, count=0, rounds=0).plan(mine).chosen.value.source == odd
    untouched = Coder(Scripted((odd,)), fence, count=0, rounds=0, lints=False).plan(request)
    assert untouched.chosen.value.source == odd


def test_an_untested_program_that_nobody_has_an_opinion_about_is_not_returned() -> None:
    sure = Confidence(bias=9.0, weights=(), mean=(), scale=())
    plan = Coder(Scripted((DOUBLE,)), count=0, rounds=0, confidence=sure, lints=False).plan(asked("doubles"))
    assert plan.abstained
    assert (
        Coder(Scripted((DOUBLE,)), count=0, rounds=0, lints=False).plan(asked("doubles")).abstained is False
    )


class Close(Scripted):
    """Has an opinion, and a closer one that costs calls."""

    def sure(self, request: CodeRequest, source: str) -> Sureness:  # type: ignore[override]
        return Sureness((1.0, 1.0), (0.0,))

    def heeded(self, request: CodeRequest, source: str) -> Heeded:
        self.asked.append("heeded")
        return Heeded((3.0,), 7)


def test_only_what_no_test_has_seen_is_looked_at_more_closely(fence: ProcessSandbox) -> None:
    tested = Confidence(weights=(0.0,) * 3, bias=-9.0, mean=(0.0,) * 3, scale=(1.0,) * 3)
    closer = tested.model_copy(
        update={"alone": Odds(weights=(0.0, 1.0), bias=0.0, mean=(0.0, 0.0), scale=(1.0, 1.0))}
    )
    spent = {}
    for sure, request in ((tested, asked("doubles")), (closer, asked("doubles")), (closer, REQUEST)):
        writer = Close((DOUBLE,))
        plan = Coder(writer, fence, count=0, rounds=0, confidence=sure, lints=False).plan(request)
        spent[sure is closer, bool(request.tests)] = plan.chosen.verdict.evidence.get("forwards")
        looked = sure is closer and not request.tests
        assert writer.asked.count("heeded") == looked
        assert plan.abstained == (sure is tested)
        assert plan.confidence == pytest.approx(
            0.0 if plan.abstained else 1 / (1 + math.exp(-3.0 if looked else 9.0))
        )
    assert spent[True, False] == 7 + (spent[False, False] or 0)


def test_holes_are_filled_so_that_tests_pass(fence: ProcessSandbox) -> None:
    less = DOUBLE.replace("x + x", "x - x")
    writer = Scripted((BROKEN,))
    writer.infill = lambda request, sketch, *, count, seed: iter(
        [Sketch((less, DOUBLE)[:count], 1.0, 5, 0, True)]
    )
    plan = Coder(writer, fence, count=1).infill(REQUEST, "def f ( x ) :\n    y = HOLE\n    return y\n")
    assert plan.chosen.value.source == DOUBLE
    assert plan.chosen.verdict.evidence["forwards"] == 5
    assert plan.ending == "complete"
    plan = Coder(writer, fence, count=0).infill(REQUEST, "HOLE")
    assert plan.abstained
    assert "1 programs fail at least one test" in plan.chosen.verdict.evidence["reasons"]
    with pytest.raises(InvalidStateError, match="holes in python"):
        Coder(Scripted((BROKEN,)), fence).infill(REQUEST, "HOLE")
