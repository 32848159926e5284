"""A field holds what training never saw because of its primitives, and no task is asked twice."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.catalogue import names
from agentic_diffusion_code.corpus.split import pair_is_held, pairs_of
from agentic_diffusion_code.field import Field, Ground, apart, marks_of

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
