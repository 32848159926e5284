"""Questions: what is shown and what is hidden, and HumanEval's format."""

import gzip
import json
from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.questions import built_in, examples, read, told

PROMPT = '''from typing import List


def double(x: int,
           times: int = 1) -> int:
    """ Double a number.
    >>> double(2)
    4
    >>> double(other)
    5
    >>> print(double(1))
    2
    """
'''
ROW = {"task_id": "T/0", "prompt": PROMPT, "entry_point": "double", "test": "def check(candidate): pass"}


def test_a_prompt_is_taken_apart() -> None:
    said, signature, prefix = told(PROMPT, "double")
    assert said == "Double a number."
    assert signature.startswith("def double(x: int,")
    assert signature.endswith("-> int:")
    assert prefix == "from typing import List"
    (case,) = examples(PROMPT, "double")
    assert (case.arguments, case.expected) == ((2,), 4)
    assert examples(">>> f(\n2", "f") == ()


@pytest.mark.parametrize("indent", ["\t", "  "])
def test_prompts_may_be_indented_by_anything(indent) -> None:
    body = '"""', "Doubles.", ">>> double(2)", "4", '"""'
    prompt = "\n\ndef double(x):\n" + "".join(f"{indent}{line}\n" for line in body)
    assert told(prompt, "double") == ("Doubles.", "def double(x):", "")
    assert len(examples(prompt, "double")) == 1
    assert told("def double(x):", "double")[1] == "def double(x):"


def test_examples_keep_their_escapes() -> None:
    prompt = (
        'def first(text):\n    """Return the first line.\n    >>> first("ab\\ncd")\n    \'ab\'\n    """\n'
    )
    (case,) = examples(prompt, "first")
    assert case.arguments == ("ab\ncd",)
    (case,) = examples("def one():\n    r'''\n    >>> one()\n    1\n    '''\n", "one")
    assert case.expected == 1


@pytest.mark.parametrize("packed", [False, True])
def test_files_are_read(tmp_path: Path, packed: bool) -> None:
    text = json.dumps(ROW) + "\n\n" + json.dumps({**ROW, "language": "javascript", "task_id": "T/1"}) + "\n"
    path = tmp_path / ("q.jsonl.gz" if packed else "q.jsonl")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    first, second = read(path)
    assert first.request.entry == "double"
    assert len(first.request.tests) == 1
    assert first.hidden.tests[0].test == ROW["test"]
    assert second.request.language == "javascript"
    assert second.request.signature == ""


def test_bad_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    for text in ("{", json.dumps({"task_id": "a"}), json.dumps({**ROW, "prompt": "def ("})):
        path.write_text(text)
        with pytest.raises(InvalidConfigError, match="line 1"):
            read(path)
    with pytest.raises(InvalidConfigError, match="file"):
        read(tmp_path / "none")


def test_built_in_questions_hide_most_cases() -> None:
    questions = built_in(seed=3, count=3)
    assert [q.name for q in questions] == [q.name for q in built_in(seed=3, count=3)]
    for question in questions:
        assert len(question.request.tests) == 3
        assert len(question.hidden.tests) >= 5
        assert question.request.signature.startswith("def ")


def test_questions_tell_what_training_never_showed_in_python() -> None:
    assert not any(each.strange for each in built_in(seed=3, count=12))
    assert any(each.strange for each in built_in(seed=3, count=40, languages=("javascript",)))


def test_questions_may_be_deep() -> None:
    deep = built_in(seed=3, count=2, split="valid", depths=(0.0, 0.0, 0.0, 1.0))
    assert [q.name for q in deep] != [q.name for q in built_in(seed=3, count=2, split="valid")]


def test_everyday_requests_are_in_the_words_of_users() -> None:
    questions = read(Path(__file__).parent / "shared" / "everyday.jsonl")
    assert len(questions) == 32
    assert all(question.request.tests and question.request.signature for question in questions)
    assert sum(bool(question.request.prefix) for question in questions) == 4
