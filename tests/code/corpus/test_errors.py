"""What keeps a composition from becoming a row."""

from agentic_diffusion_code.corpus.errors import UnsayableError


def test_it_says_what_could_not_be_said():
    assert "title" in str(UnsayableError("title"))
