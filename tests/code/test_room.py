"""A coder whose memory is short: fewer programs at once, the host, the best so far, or an error that says so."""

from dataclasses import dataclass, field, replace

import pytest
import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import BudgetError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.records import MemoryUse
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Embedded, Marks
from agentic_diffusion_code.writer import TokenWriter
from agentic_diffusion_code.writes import Sketch, Sureness
from library import Lexemes

DOUBLE = "def f ( x ) :\n    return x + x\n"
TORN = "def f ( x ) :\n    return = x\n"
ASK = asked("doubles a number")


@dataclass
class Cramped:
    """Writes one program that does not parse, and good ones beside each other where there is room for them."""

    room: int
    opinion: int = 99
    error: BaseException = field(default_factory=lambda: MemoryError("no room"))

    def __post_init__(self) -> None:
        self.counts: list[int] = []

    def write(self, request, *, count, seed, temperature):
        self.counts.append(count)
        yield Sketch((TORN,) * count, 0.5, 1)
        if count > self.room:
            raise self.error
        yield Sketch((TORN if temperature == 0 else DOUBLE,) * count, 1.0, 2, 9, True)

    def mend(self, request, source, *, groups, hint, count, seed):
        yield from self.write(request, count=count, seed=seed, temperature=1.0)

    vary = None

    def sure(self, request, source):
        if len(source) > self.opinion:
            raise self.error
        return Sureness((0.9,), (1.0,), 0.9)


@pytest.mark.parametrize("error", [MemoryError("no room"), RuntimeError("CUDA out of memory.")])
def test_half_as_many_programs_are_written_where_memory_runs_out(error) -> None:
    writer = Cramped(room=2, error=error)
    plan = Coder(writer, count=8, rounds=0).plan(ASK)
    assert writer.counts == [1, 8, 4, 2]
    assert plan.chosen.value.source == DOUBLE
    assert (plan.complete, plan.batch) == (True, 2)
    assert plan.notes == ("out of memory: 4 programs at once", "out of memory: 2 programs at once")


def test_repairs_are_halved_too_and_other_errors_are_not_swallowed() -> None:
    writer = Cramped(room=1)
    plan = Coder(writer, count=0, rounds=1).plan(ASK)
    assert plan.chosen.value.source == DOUBLE
    writer = Cramped(room=1)
    plan = Coder(replace(writer, room=2), count=4, rounds=1).plan(ASK.model_copy(update={"draft": TORN}))
    assert plan.notes == ("out of memory: 2 programs at once",)
    with pytest.raises(RuntimeError, match="shapes differ"):
        Coder(Cramped(0, error=RuntimeError("shapes differ"))).plan(ASK)


def test_a_program_that_memory_has_no_opinion_of_is_told_without() -> None:
    plan = Coder(Cramped(room=9, opinion=0), count=2, rounds=0, lints=False).plan(ASK)
    assert plan.notes == ("out of memory: no opinion of a program",)
    assert plan.chosen.verdict.evidence["p_pass"] is None


def test_no_room_for_one_program_is_an_error_or_the_end() -> None:
    with pytest.raises(BudgetError, match="out of memory with one program"):
        Coder(Cramped(room=0)).plan(ASK)
    plan = Coder(Cramped(room=0), count=2, rounds=0).plan(ASK.model_copy(update={"draft": TORN}))
    assert (plan.ending, plan.abstained) == ("memory", True)
    assert "ended early: memory" in plan.chosen.verdict.evidence["reasons"]


def network_writer(compute: Compute | None = None) -> TokenWriter:
    torch.manual_seed(0)
    tokens = Lexemes()
    network = BlockTransformer(Shape(tokens.size, width=16, depth=1, heads=2)).eval()
    model = Embedded(network, Marks(tokens.mask, tokens.end, tokens.pad), compute)
    return TokenWriter(model, tokens, Decoding(block=4, bound=5.0, longest=16))


def test_memory_that_was_granted_is_kept_or_refused() -> None:
    coder = Coder(network_writer(), count=16, rounds=0, parses=lambda source, language: "no")
    free = coder.plan(ASK)
    assert (free.notes, free.batch, free.device) == ((), 16, "cpu")
    assert isinstance(free.memory, MemoryUse)
    assert free.memory.host > 10_000_000
    with pytest.raises(BudgetError, match=r"memory_bytes=1000\)"):
        coder.plan(ASK, budget=Budget(memory_bytes=1000))
    tight = coder.plan(ASK, budget=Budget(memory_bytes=500_000))
    assert 2 <= tight.batch < 16
    assert f"out of memory: {tight.batch} programs at once" in tight.notes
    assert tight.complete
    assert coder.plan(ASK, budget=Budget(memory_bytes=10**9)).notes == ()


def test_where_the_device_has_no_room_the_host_goes_on(monkeypatch) -> None:
    monkeypatch.setattr(
        Compute, "spare", property(lambda self: None if self.threads else Compute("cpu", threads=1))
    )
    writer = network_writer(Compute("cpu"))
    coder = Coder(writer, count=2, rounds=0, parses=lambda source, language: "no")
    plan = coder.plan(ASK, budget=Budget(memory_bytes=1000))
    assert plan.notes == ("out of memory on cpu: went on on cpu",)
    assert plan.complete
    assert plan.chosen == coder.plan(ASK).chosen
    assert coder.writer is writer
