"""What is barred: what syntax excludes, what leaves a signature, and nothing at all."""

import torch
from agentic_diffusion_code.barring import Barring
from agentic_diffusion_code.syntax import Syntax
from agentic_diffusion_code.tokens import Vocabulary

TOKENS = Vocabulary.load()
PERMITS = Syntax(TOKENS, "python").allowed


def test_a_signature_is_kept_and_no_program_is_empty() -> None:
    barring = Barring.of(TOKENS, PERMITS, declared="def total(xs):", language="python")
    begun = TOKENS.encode("def total(", "python")[:-1]
    (wanted,) = TOKENS.encode("xs", "python")[:1]
    (other,) = TOKENS.encode("number", "python")[:1]
    assert barring.permitted(begun, wanted)
    assert not barring.permitted(begun, other)
    assert not barring.permitted([], TOKENS.end)
    loose = Barring.of(TOKENS, PERMITS, declared="total(xs)", language="python")
    assert loose.signed is None
    assert loose.permitted(begun, other)


def test_blocks_are_read_with_what_is_before_them() -> None:
    barring = Barring.of(TOKENS, PERMITS, declared="", language="python")
    begun = TOKENS.encode("def f(a):\n    return (a", "python")
    begun = begun[: begun.index(TOKENS.newline, len(begun) - 3)]
    inside = barring.behind(torch.tensor([begun]))
    allowed = inside(torch.full((2, 1), TOKENS.mask))
    close, square = (TOKENS.encode(text, "python")[0] for text in ")]")
    assert allowed[:, 0, close].tolist() == [True, True]
    assert allowed[:, 0, square].tolist() == [False, False]
