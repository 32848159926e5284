"""Two gates that must both open, and rounds of practice found again in a memory."""

from agentic_diffusion.records import Outcome
from agentic_diffusion_cli.evolve_code import Both, Settings, by_round, enough, usual
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import Program, asked
from agentic_diffusion_code.field import Field, Jargon
from agentic_diffusion_code.practice import Examination
from agentic_diffusion_code.questions import Question
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_evolve.gate import Gate
from agentic_diffusion_evolve.memory import ListMemory


class Says:
    """A writer that always writes the same."""

    def __init__(self, source):
        self.source, self.asked = source, 0

    def write(self, request, *, count, seed, temperature):
        from agentic_diffusion_code.writes import Sketch

        self.asked += 1
        yield Sketch((self.source,) * count, 1.0, 1, done=True)

    def sure(self, request, source):
        return None


def questions(factor):
    found = []
    for index in range(3):
        request = asked(f"multiplies {index} by {factor}", [f"f(2) == {2 * factor}"])
        found.append(Question(f"{factor}/{index}", request, request.task()))
    return found


def coders(sandbox, *factors):
    sources = [f"def f(x):\n    return x * {factor}\n" for factor in factors]
    return [Coder(Says(source), sandbox, count=0, rounds=0, lints=False) for source in sources]


def test_a_gain_in_the_field_does_not_excuse_a_loss_elsewhere():
    with ProcessSandbox() as sandbox:
        worlds = [Examination(questions(factor), sandbox) for factor in (3, 2)]
        gates = [Gate(w.tasks, w, seeds=(0,), margin=m) for w, m in zip(worlds, (0.0, 0.1), strict=True)]
        new, old, neither = coders(sandbox, 3, 2, 5)
        lost = Both(*gates)(new, old)
        assert (lost.passed, lost.evidence["field"]["passed"], lost.evidence["known"]["passed"]) == (
            False,
            True,
            False,
        )
        judge = Both(*gates)
        assert judge(new, neither).passed
        assert judge(new, neither).score == 1.0
        assert new.writer.asked == 12  # six when it lost, six more for both verdicts of the second judge


def test_practice_is_over_in_the_round_that_proved_enough():
    memory = ListMemory()
    for number in (1, 2, 3):
        for index in range(2):
            request = asked(f"task {number} {index}", ["f(1) == 1"])
            value = Program(source=f"def f(x):\n    return x + {index} - {index}\n")
            memory.add(
                Outcome(
                    id=f"code/{number}/{index}/0", request=request, value=value, reward=1.0, source="tests"
                )
            )
    assert [len(each) for each in by_round(memory, rounds=4)] == [2, 2, 2, 0]
    settings = Settings(("digit_sum",), verified=3)
    assert enough(memory, settings, rounds=4) == 2
    assert enough(memory, Settings(("digit_sum",), verified=30), rounds=4) == 4


def test_words_are_learned_alone_and_pairs_with_all_weights():
    words = Settings(("harbour",), **usual(("harbour",)))
    assert isinstance(words.ground().field, Jargon)
    assert (words.drill().old, words.drill().beta, words.novel > 0) == (0.0, 0.0, True)
    pairs = Settings(("digit_sum",), **usual(("digit_sum",)))
    assert pairs.ground().field == Field.of(["digit_sum"])
    assert (pairs, pairs.novel) == (Settings(("digit_sum",)), 0.0)
