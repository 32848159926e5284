"""Unknown words are found, guessed in known ones, and kept once the shown cases proved what they mean."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.corpus.catalogue import jargon, plain_words
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.glossary import Glossary, Guess, phrases
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writes import Sketch

WORDS = frozenset(
    [
        "return",
        "numbers",
        "that",
        "are",
        "is",
        "it",
        "take",
        "first",
        "what",
        "you",
        "got",
        "to",
        "by",
        "from",
    ]
)


def glossary(path=None):
    return Glossary(WORDS, path=path)


def tonnage(given="`x`"):
    signature = "def f(x: list[int]) -> int:"
    return asked(f"Return the tonnage of {given}.", ["f([1, 2]) == 3", "f([4]) == 4"], signature=signature)


def place(text):
    (slot,) = glossary().slots(text)
    return slot.place, text[slot.start : slot.end], slot.number, slot.given, slot.many


def test_unknown_words_are_found_with_what_belongs_to_them():
    assert place("Return the tonnage of `x`.") == ("of", "the tonnage of ", "", "`x`", False)
    assert place("Return 3 fathoms of the list `x`.") == ("of", "3 fathoms of ", "3", "the list `x`", False)
    assert place("Return `x` from masthead to keel.") == ("after", "from masthead to keel", "", "", False)
    assert place("Return `x` veered by `k`.") == ("after", "veered by `k`", "`k`", "", False)
    assert place("Return the numbers in `x` that are moored to 5.") == (
        "is",
        "are moored to 5",
        "5",
        "",
        True,
    )
    assert glossary().slots("Return the sum of `zonk` and 'zonk'.") == []
    two = glossary().slots("First take the crest of `x`. Return what you got capsized.")
    assert [slot.said for slot in two] == ["crest", "capsized"]


def test_guesses_stand_where_the_words_stood_and_those_of_fitting_types_come_first():
    request = tonnage()
    said = [guess.request.description for guess in glossary().guesses(request)]
    assert 20 < len(said) <= glossary().most
    assert f"Return {plain_words('sum').replace('{x}', '`x`')}." in said[:25]
    assert all("tonnage" not in text and "{" not in text for text in said)
    many = asked("Return the numbers in `x` that are moored to 5.", ["f([1, 5]) == [5]"])
    assert any("that are divisible by 5" in guess.request.description for guess in glossary().guesses(many))


def test_what_was_proved_is_said_first_kept_and_in_the_end_alone(tmp_path):
    held = glossary(tmp_path / "words.json")
    request = tonnage()
    right = next(g for g in held.guesses(request) if g.meant[0][1] == "the sum of ")
    held.learn(right)
    assert held.meaning("tonnage") == "the sum of "
    again = list(held.guesses(request))
    assert again[0] == right
    assert len(again) > 1
    held.learn(right)
    assert list(glossary(tmp_path / "words.json").guesses(request)) == [right]
    both = tonnage("the crest of `x`")
    assert all("the sum of " in guess.request.description for guess in held.guesses(both))
    strange = asked("Return the swell of the crest of `x`.", ["f([1, 2]) == 3"])
    assert list(held.guesses(strange)) == []


def test_what_only_looks_up_learns_nothing_and_leaves_the_file_alone(tmp_path):
    held, request = glossary(tmp_path / "words.json"), tonnage()
    right = next(g for g in held.guesses(request) if g.meant[0][1] == "the sum of ")
    held.learn(right)
    before = (tmp_path / "words.json").read_bytes()
    fixed = held.fixed()
    assert list(fixed.guesses(request)) == [right]
    fixed.learn(right)
    assert (tmp_path / "words.json").read_bytes() == before
    assert len(list(held.guesses(request))) > 1  # it was proven once, not twice
    held.learn(right)
    assert list(held.guesses(request)) == [right]


def test_two_meanings_proven_once_each_are_guessed_about_further():
    held, request = glossary(), tonnage()
    for guess in list(held.guesses(request))[:2]:
        held.learn(guess)
    assert len(list(held.guesses(request))) > 1


def test_a_phrase_goes_round_its_input_only_where_that_is_known():
    held = glossary()
    for said, text in (("tonnage", "the sum of "), ("mainsail", "{x} squared")):
        held.learn(Guess(tonnage(), ((said, text),)))
    nested = asked("Return the mainsail of the tonnage of `x`.", ["f([1, 2]) == 9"])
    said = [guess.request.description for guess in held.guesses(nested)]
    assert said
    assert all("the sum of `x`." in each and "squared" not in each for each in said)
    lone = asked("Return the mainsail of `x`.", ["f(2) == 4"])
    assert next(held.guesses(lone)).request.description == "Return `x` squared."


@pytest.mark.parametrize("text", ['{"tonnage":', "[]", '{"a": 3}', '{"tonnage": {"the sum of ": "x"}}'])
def test_a_file_that_holds_something_else_is_refused(tmp_path, text):
    (tmp_path / "words.json").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidStateError, match=r"words\.json"):
        glossary(tmp_path / "words.json")


def test_a_word_that_was_searched_in_vain_is_given_up():
    held, request = glossary(), tonnage()
    assert [len(list(held.guesses(request))) > 0 for _ in range(3)] == [True, True, False]


class Understands:
    """A writer that knows one phrase of training."""

    def write(self, request, *, count, seed, temperature):
        body = "sum(x)" if "the sum of `x`" in request.description else "0"
        yield Sketch((f"def f(x: list[int]) -> int:\n    return {body}\n",), 1.0, 1, done=True)

    def sure(self, request, source):
        return None


def test_a_coder_finds_what_a_word_means_and_needs_one_more_program_the_next_time():
    request = tonnage()
    with ProcessSandbox() as sandbox:
        alone = Coder(Understands(), sandbox, count=0, rounds=0, lints=False)
        assert alone.plan(request).abstained
        coder = Coder(Understands(), sandbox, count=0, rounds=0, lints=False, glossary=glossary())
        plan = coder.plan(request)
        assert plan.chosen.value.source == "def f(x: list[int]) -> int:\n    return sum(x)\n"
        assert plan.request == request
        assert coder.glossary.meaning("tonnage") == "the sum of "
        assert coder.plan(request).chosen.verdict.evidence["forwards"] == 2


def test_phrases_are_those_that_training_says():
    said = {phrase.text for phrase in phrases()}
    assert {"the sum of ", "in reverse order", "is divisible by {k}", "{x} squared"} <= said
    assert said.isdisjoint(jargon().values())
