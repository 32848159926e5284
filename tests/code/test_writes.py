"""Protocols are kept by those that claim to, and a prompt has its parts in order."""

from agentic_diffusion_code.tokens import Vocabulary
from agentic_diffusion_code.writer import TokenWriter
from agentic_diffusion_code.writes import Tokens, Worded, Writes, prompt_of
from library import Lexemes, Shelf


def test_protocols() -> None:
    tokens = Lexemes()
    assert isinstance(TokenWriter(Shelf(["x"], tokens), tokens), Writes)
    for vocabulary in (tokens, Vocabulary.load()):
        assert isinstance(vocabulary, Tokens)
        assert isinstance(vocabulary, Worded)


def test_a_prompt_has_language_words_mark_and_signature() -> None:
    tokens = Lexemes()
    prompt = prompt_of(tokens, "doubles it", "python")
    assert (prompt[0], prompt[1], prompt[-1], len(prompt)) == (8, 3, 4, 5)
    told = prompt_of(tokens, "doubles it", "python", signature="f")
    assert told == (*prompt, *tokens.encode("f", "python"))
