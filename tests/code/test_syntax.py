"""The automaton: never forbids what stands in a right program, and leaves only brackets that balance."""

import random
from itertools import islice

import pytest
import torch
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.syntax import Class, Syntax
from agentic_diffusion_code.tokens import NAMES, Vocabulary

WORDS = Vocabulary.load()


def rows_of(language, programs):
    sources = [programs[language]]
    if language == "python":
        sources += [task.source for task in islice(generate(seed=9), 15)]
    return [[*WORDS.encode(source, language), WORDS.end] for source in sources]


@pytest.mark.parametrize("language", NAMES)
def test_no_token_of_a_right_program_is_forbidden(language, programs):
    syntax = Syntax(WORDS, language)
    rng = random.Random(0)
    for row in rows_of(language, programs):
        for share in (0.02, 0.1, 0.3, 0.6, 1.0):
            hidden = [WORDS.mask if rng.random() < share else token for token in row]
            barred = syntax.forbidden(torch.tensor([hidden]))[0]
            for index, token in enumerate(row):
                assert not barred[index, syntax.classes[token]], (language, index, WORDS.texts[token], share)


def balanced(row):
    stack = []
    for token in row:
        text = WORDS.texts[token] if Class.ROUND <= CLASSES[token] <= Class.CURLY_CLOSE else ""
        if text in ("(", "[", "{"):
            stack.append(text)
        elif text and (not stack or stack.pop() + text not in ("()", "[]", "{}")):
            return False
    return not stack


CLASSES = Syntax(WORDS, "python").classes
EXAMPLE = {int(c): next(i for i, each in enumerate(CLASSES) if each == c) for c in Class if c != Class.MASK}


@pytest.mark.parametrize("language", ["python", "go", "c"])
def test_one_hidden_token_leaves_exactly_the_brackets_that_balance(language, programs):
    syntax = Syntax(WORDS, language)
    brackets = range(Class.ROUND, Class.CURLY_CLOSE + 1)
    for row in rows_of(language, programs)[:3]:
        for index, true in enumerate(row[:-1]):
            hidden = [*row[:index], WORDS.mask, *row[index + 1 :]]
            barred = syntax.forbidden(torch.tensor([hidden]))[0, index]
            if true == WORDS.close or WORDS.texts[row[index - 1]] in ('"', "'"):
                continue
            for each in brackets:
                fits = balanced([*row[:index], EXAMPLE[each], *row[index + 1 :]])
                assert fits or bool(barred[each]), (language, index, WORDS.texts[true], Class(each))


def test_what_is_forbidden_is_forbidden_token_by_token():
    syntax = Syntax(WORDS, "python")
    row = [*WORDS.encode("f(a", "python")[:-1], WORDS.mask, WORDS.newline, WORDS.end]
    allowed = syntax.allowed(torch.tensor([row]))
    texts = {WORDS.texts[i] for i in allowed[0, 3].nonzero().flatten().tolist()}
    assert ")" in texts
    assert not texts & {"]", "}", "(", "<newline>", "<indent>"}
    assert allowed[0, 0].all()
    assert syntax.allowed(torch.tensor([row]), begin=4)[0, 3].all()
    assert torch.equal(syntax.allowed(torch.tensor([row]), start=3), allowed[:, 3:])


def test_blocks_follow_colons_and_strings_hold_no_operators():
    syntax = Syntax(WORDS, "python")
    ids = WORDS.encode("if a:\n    b = 'x y'\n", "python")
    for text, only in (("<indent>", {"<indent>"}), ("<close>", None)):
        index = [WORDS.texts[i] for i in ids].index(text)
        row = torch.tensor([[*ids[:index], WORDS.mask, *ids[index + 1 :], WORDS.end]])
        found = {WORDS.texts[i] for i in syntax.allowed(row)[0, index].nonzero().flatten().tolist()}
        assert text in found
        if only is not None:
            assert found - {"<mask>"} == only
        else:
            assert not found & {"(", ")", "+", "<newline>"}


def test_what_is_said_from_a_position_on_is_what_is_said_of_all():
    python = Syntax(WORDS, "python")
    for task in islice(generate(seed=12, split="train"), 4):
        ids = [*WORDS.encode(task.source, "python"), WORDS.end]
        for start in range(0, len(ids), 5):  # one object reads all, so that it goes on from what it remembers
            row = torch.tensor([[*ids[:start], *[WORDS.mask] * 3, *ids[start + 3 : start + 6]]])
            assert torch.equal(python.allowed(row, start=start), python.allowed(row)[:, start:])
            torn = torch.tensor([[*ids[: start // 2], WORDS.mask, *row[0].tolist()]])
            assert torch.equal(
                python.allowed(torn, start=start), Syntax(WORDS, "python").allowed(torn)[:, start:]
            )
