"""A field holds what training never saw because of its primitives, and no task is asked twice."""

import re
from itertools import islice

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.catalogue import everything, jargon, names
from agentic_diffusion_code.corpus.compose import MESSAGES, NEGATIVE, NOTHING
from agentic_diffusion_code.corpus.split import pair_is_held, pairs_of
from agentic_diffusion_code.corpus.stages import patterns
from agentic_diffusion_code.corpus.wording import NESTED, STEPS, SUBJECT, THAT
from agentic_diffusion_code.embedded import load_writer
from agentic_diffusion_code.field import Field, Ground, Jargon, apart, marks_of

DIGITS = Field.of(["digit_sum", "reverse_digits"])


def test_every_task_of_a_field_holds_an_unseen_pair_with_one_of_its_primitives() -> None:
    stream = DIGITS.tasks(seed=3)
    for _ in range(6):
        task = next(stream)
        unseen = {name for pair in pairs_of(task.primitives) if pair_is_held(pair) for name in pair}
        assert unseen & DIGITS.primitives
        assert task.split == "composition"


def test_a_field_is_named_by_primitives_and_by_tables() -> None:
    assert Field.of(["dictionaries"]).primitives == names("dictionaries")
    assert Field.of(["dictionaries", "digit_sum"]).primitives == names("dictionaries") | {"digit_sum"}
    for words, said in ((["digits"], "'digits'"), ([], "without primitives")):
        with pytest.raises(InvalidConfigError, match=said):
            Field.of(words)
    with pytest.raises(InvalidConfigError, match="the table"):
        names("tables")
    with pytest.raises(InvalidConfigError, match="'train'"):
        next(generate(seed=0, among=["digit_sum"]))


def test_practice_exams_and_tests_share_nothing_and_are_the_same_each_time() -> None:
    ground = Ground(DIGITS, seed=1, tests=(4, 3), exams=(3, 2))
    papers = ground.questions()
    sizes = [len(each) for each in (papers.tests, papers.known_tests, papers.exams, papers.known_exams)]
    assert sizes == [4, 3, 3, 2]
    first, second = ground.practice(1, 3), ground.practice(2, 3)
    assert ground.practice(1, 6) == [*first, *second]
    asked = [q.request for each in (papers.tests, papers.exams) for q in each]
    assert len({request.description for request in (*asked, *first, *second)}) == 13
    assert len(first[0].tests) > len(papers.tests[0].request.tests) == 3


def test_a_task_with_another_name_is_the_same_task() -> None:
    task = next(DIGITS.tasks(seed=5))
    renamed = task.model_copy(
        update={"entry": "other", "source": task.source.replace(f"{task.entry}(", "other(")}
    )
    assert marks_of(task) & marks_of(renamed)
    assert list(apart([task, renamed, task], set())) == [task]


def test_a_program_under_other_names_is_the_same() -> None:
    first = next(DIGITS.tasks(seed=3))
    one = (
        'def f(xs: list[int]) -> int:\n    """Says it."""\n    total = sum(n for n in xs)\n    return total\n'
    )
    same = "def f(ys: list[int]) -> int:\n    found = sum(k for k in ys)\n    return found\n"
    other = same.replace("sum", "max")
    tasks = [
        first.model_copy(update={"entry": "f", "source": source, "description": f"asked {number}"})
        for number, source in enumerate((one, same, other))
    ]
    assert list(apart(tasks, set())) == [tasks[0], tasks[2]]


HARBOUR = Jargon()
LITTLE = {"by", "from", "is", "its", "of", "the", "to", "with"}
"""Words of the harbour that everybody says."""


def words_of(texts):
    return {word for text in texts for word in re.findall(r"[a-z]+", re.sub(r"\{\w+\}", " ", text.lower()))}


def test_the_words_of_the_harbour_are_in_nothing_that_training_says():
    own = words_of(jargon().values()) - LITTLE
    said = [phrase for each in (*everything(), *patterns().values()) for phrase in each.phrases]
    said += [
        text
        for group in (NESTED, THAT, MESSAGES, NEGATIVE, NOTHING, *STEPS, *SUBJECT.values())
        for text in group
    ]
    said += [name.replace("_", " ") for name in (*names(), *patterns())]
    said += [str(choice) for prim in everything() for each in prim.constants for choice in each.choices]
    for task in islice(generate(seed=3), 200):
        said += [task.description, task.signature, task.source.replace("_", " ")]
    assert own.isdisjoint(words_of(said))
    assert own.isdisjoint(load_writer()[1]["words"])
    for phrase in jargon().values():
        assert words_of([phrase]) & own, "a phrase of the harbour without a word of its own"


def test_a_task_of_the_harbour_is_new_by_its_words_alone():
    own = words_of(jargon().values()) - LITTLE
    for task, twin in islice(zip(HARBOUR.tasks(seed=4), HARBOUR.plain().tasks(seed=4), strict=True), 12):
        assert task.split == "paraphrase"
        assert words_of([task.description]) & own
        assert not words_of([twin.description]) & own
        without = [re.sub(r'""".*"""', "", each.source) for each in (task, twin)]
        assert without[0] == without[1]
        assert (task.stages, task.cases, task.entry) == (twin.stages, twin.cases, twin.entry)
        assert task.entry in NOTHING
        assert not any(pair_is_held(pair) for pair in pairs_of(task.primitives))
    assert set(jargon()) <= names()


def test_tests_of_the_harbour_have_twins_in_plain_words():
    ground = Ground(HARBOUR, seed=1, tests=(3, 1), exams=(2, 1))
    papers, plain = ground.questions(), ground.plain_tests()
    assert [q.hidden.tests for q in plain] == [q.hidden.tests for q in papers.tests]
    assert all(
        a.request.description != b.request.description for a, b in zip(plain, papers.tests, strict=True)
    )
    asked = [q.request for each in (papers.tests, papers.exams) for q in each] + ground.practice(1, 4)
    assert len({request.description for request in asked}) == 9
    assert Ground(DIGITS, seed=1, tests=(1, 1), exams=(1, 1)).plain_tests() == []
