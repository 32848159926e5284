"""The canonical text is what the tokens of the shipped vocabulary spell."""

import pytest
from agentic_diffusion_code.corpus.canonical import canonical
from agentic_diffusion_code.tokens import Vocabulary

LANGUAGES = ("javascript", "typescript", "java", "go", "rust", "c")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_what_tokens_spell(language: str, programs: dict[str, str]) -> None:
    words = Vocabulary.load()
    said = canonical(programs[language], language)
    assert said == words.decode(words.encode(programs[language], language), language)
    assert canonical(said, language) == said


def test_comments_and_blank_lines_go() -> None:
    assert (
        canonical("long f( long x ) {\n\n// note\nreturn x*2;}", "c")
        == "long f(long x) {\n    return x * 2; }\n"
    )
