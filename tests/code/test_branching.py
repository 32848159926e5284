"""Branching: the next most likely programs, none twice, from the doubtful places of those that failed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
import torch
from agentic_diffusion_code.branching import Branching
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.model.decode import Viable
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writer import TokenWriter
from agentic_diffusion_code.writes import Branches, Forks
from library import Lexemes, Reviewed, Shelf

LESS = "def f ( x ) :\n    y = x - 1\n    return y\n"
MORE = "def f ( x ) :\n    y = x + 1\n    return y\n"
TWICE = "def f ( x ) :\n    y = x + x\n    return y\n"
REQUEST = asked("doubles a number", ["f(2) == 4", "f(5) == 10"])


@pytest.fixture
def writer() -> TokenWriter:
    tokens = Lexemes()
    return TokenWriter(Reviewed([LESS, MORE, TWICE], tokens), tokens, Decoding(block=8, bound=0.2))


def search(writer: TokenWriter) -> Branching:
    found = writer.branches(REQUEST)
    assert isinstance(found, Branches)
    return found


def test_programs_come_in_the_order_of_belief_and_none_twice(writer: TokenWriter) -> None:
    assert isinstance(writer, Forks)
    branches = search(writer)
    assert list(branches.write(count=4, seed=0)) == []
    branches.tell(LESS, 0.0)
    found = [LESS]
    for turn in range(8):
        shown = list(branches.write(count=1, seed=turn))
        if not shown:
            break
        assert shown[-1].done
        assert shown[-1].forwards > 0
        found += shown[-1].sources
        branches.tell(found[-1], 0.0)
    assert len(set(found)) == len(found)
    assert found[:3] == [LESS, MORE, TWICE]
    assert len(found) < 8


def test_a_whole_round_is_written_at_once(writer: TokenWriter) -> None:
    branches = search(writer)
    branches.tell(LESS, 0.0)
    branches.tell(LESS, 0.0)
    *_, sketch = branches.write(count=2, seed=0)
    assert len(sketch.sources) == len(set(sketch.sources)) == 2
    assert MORE in sketch.sources
    assert LESS not in sketch.sources


def test_nothing_differs_behind_a_line_that_is_wrong_whatever_follows(writer: TokenWriter) -> None:
    branches = search(writer)
    branches.tell(LESS, 0.0, until=1)
    assert list(branches.write(count=4, seed=0)) == []
    branches = search(writer)
    branches.tell(LESS, 0.0, until=2)
    *_, sketch = branches.write(count=2, seed=0)
    assert MORE in sketch.sources


def test_what_passed_more_tests_is_followed_first() -> None:
    tokens = Lexemes()
    writer = TokenWriter(Reviewed(["a b\n", "a c\n", "d e\n", "d f\n"], tokens), tokens, Decoding(block=8))

    def followed(first: float, second: float) -> str:
        branches = search(writer)
        branches.tell("a b\n", first)
        branches.tell("d e\n", second)
        *_, sketch = branches.write(count=1, seed=0)
        return sketch.sources[0]

    assert followed(0.0, 0.0) == "a c\n"
    assert followed(0.0, 1.0) == "d f\n"
    assert followed(-1.0, 0.0) == "d f\n"


def test_beginnings_that_are_barred_are_not_gone_on_with(writer: TokenWriter) -> None:
    plus = writer.tokens.encode("+", "python")[0]

    def nothing(rows: torch.Tensor, *, start: int) -> torch.Tensor:
        allowed = torch.ones(len(rows), rows.shape[1] - start, writer.tokens.size, dtype=torch.bool)
        allowed[..., plus] = False
        return allowed

    branches = search(replace(writer, syntax=lambda language: nothing))
    branches.tell(LESS, 0.0)
    *_, sketch = branches.write(count=4, seed=0)
    assert not any("+" in source for source in sketch.sources)
    refusing = search(replace(writer, viable=lambda language: lambda rows: torch.zeros(len(rows)).bool()))
    refusing.tell(LESS, 0.0)
    assert list(refusing.write(count=4, seed=0)) == []


def test_a_model_that_cannot_look_back_has_no_branches(writer: TokenWriter) -> None:
    tokens = writer.tokens
    assert isinstance(tokens, Lexemes)
    assert TokenWriter(Shelf([LESS], tokens), tokens).branches(REQUEST) is None


def test_the_coder_branches_where_the_likeliest_program_fails(
    writer: TokenWriter, fence: ProcessSandbox
) -> None:
    plan = Coder(writer, fence, count=2, rounds=2, lints=False).plan(REQUEST)
    assert plan.chosen.value.source == TWICE
    assert plan.chosen.verdict.evidence["repairs"] in (1, 2)
    without = Coder(writer, fence, count=0, rounds=0, lints=False).plan(REQUEST)
    assert without.abstained
    never = asked("doubles a number", ["f(2) == 77"])
    plan = Coder(writer, fence, count=2, rounds=2, lints=False).plan(never)
    assert plan.abstained
    assert plan.steps_done == plan.steps_asked


def test_what_stands_before_the_program_is_kept(writer: TokenWriter) -> None:
    request = REQUEST.model_copy(update={"prefix": "def f ( x ) :"})
    branches = writer.branches(request)
    assert branches is not None
    branches.tell(LESS, 0.0)
    *_, sketch = branches.write(count=4, seed=0)
    assert all(source.startswith("def f ( x ) :") for source in sketch.sources)


def test_the_first_program_is_one_that_could_be_right(writer: TokenWriter) -> None:
    def sound(language: str) -> Viable:
        minus = writer.tokens.encode("-", "python")[0]
        return lambda rows: torch.tensor([minus not in row or 2 not in row for row in rows.tolist()])

    plain = list(writer.write(REQUEST, count=1, seed=0, temperature=0.0))
    assert plain[-1].sources == (LESS,)
    shown = list(replace(writer, viable=sound).write(REQUEST, count=1, seed=0, temperature=0.0))
    assert shown[-1].sources == (MORE,)
    assert [sketch.done for sketch in shown].count(True) == 1
    assert shown[-1].done
    assert shown[-1].forwards > plain[-1].forwards
    hopeless = replace(writer, viable=lambda language: lambda rows: (rows != 2).all(1))
    *_, last = hopeless.write(REQUEST, count=1, seed=0, temperature=0.0)
    assert len(last.sources) == 1


def test_no_program_is_empty(fence: ProcessSandbox) -> None:
    tokens = Lexemes()
    model = Reviewed(["", LESS, TWICE], tokens)

    def anything(rows: torch.Tensor, *, start: int) -> torch.Tensor:
        return torch.ones(len(rows), rows.shape[1] - start, tokens.size, dtype=torch.bool)

    writer = TokenWriter(model, tokens, Decoding(block=8), syntax=lambda language: anything)
    *_, sketch = writer.write(REQUEST, count=1, seed=0, temperature=0.0)
    assert sketch.sources != ("\n",)
    branches = search(writer)
    branches.tell(sketch.sources[0], 0.0)
    assert all(source.strip() for *_, some in [branches.write(count=8, seed=1)] for source in some.sources)
    assert Coder(writer, fence, count=2, rounds=2, lints=False).plan(REQUEST).chosen.value.source == TWICE


def test_a_round_without_programs_is_no_round(writer: TokenWriter, fence: ProcessSandbox) -> None:
    never = asked("doubles a number", ["f(2) == 77"])
    plan = Coder(writer, fence, count=8, rounds=9, lints=False).plan(never)
    assert plan.abstained
    assert int(str(plan.chosen.verdict.evidence["repairs"])) < 9
    assert "no likely program is left" in plan.chosen.verdict.evidence["reasons"]


def test_no_fork_lies_beyond_the_longest_program(writer: TokenWriter) -> None:
    branches = search(replace(writer, decoding=Decoding(block=8, longest=8)))
    branches.tell(LESS, 0.0)
    assert list(branches.write(count=4, seed=0)) == []


def test_what_is_too_long_is_neither_searched_from_nor_asked_about(writer: TokenWriter) -> None:
    draft = "def f ( x ) :\n" + "    y = x + x\n" * 120
    assert writer.branches(REQUEST.model_copy(update={"draft": draft})) is None
    assert writer.sure(REQUEST, draft) is None
    assert writer.sure(REQUEST, MORE) is not None


def test_names_of_the_suffix_are_not_taken_for_unbound(writer: TokenWriter) -> None:
    never = replace(writer, viable=lambda language: lambda rows: (rows != 2).all(1))
    request = REQUEST.model_copy(update={"suffix": "g = f"})
    for count in (1, 2):
        plain, told = (
            list(each.write(request, count=count, seed=0, temperature=0.0))[-1] for each in (writer, never)
        )
        assert told.sources == plain.sources
        assert told.forwards == plain.forwards


@dataclass
class Glancing(Reviewed):
    """Looks back at several programs in one call."""

    asked: list[int] = field(default_factory=list)

    def scans(
        self, prompt: Sequence[int], programs: Sequence[Sequence[int]], *, block: int
    ) -> list[torch.Tensor]:
        self.asked.append(len(programs))
        return [self.scan(prompt, program, block=block) for program in programs]


@pytest.mark.parametrize(("room", "calls"), [(16_000_000, [3]), (1, [1, 1, 1])])
def test_programs_that_failed_are_looked_back_at_together(
    monkeypatch: pytest.MonkeyPatch, room: int, calls: list[int]
) -> None:
    monkeypatch.setattr("agentic_diffusion_code.branching.ROOM", room)
    tokens, texts = Lexemes(), ["a b\n", "a c\n", "d e\n", "d f\n", "d g\n"]

    def found(model: Reviewed) -> tuple[tuple[str, ...], int]:
        branches = search(TokenWriter(model, tokens, Decoding(block=8)))
        for text in texts[:3]:
            branches.tell(text, 0.0)
        *_, sketch = branches.write(count=2, seed=0)
        return sketch.sources, sketch.forwards

    plain, together = Reviewed(texts, tokens), Glancing(texts, tokens)
    (first, many), (second, few) = found(plain), found(together)
    assert first == second
    assert together.asked == calls
    assert many - few == 3 - len(calls)
