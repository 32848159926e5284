"""The automata of the grammar lead where its parser leads."""

import random
from itertools import islice

from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.pushdown import opening, step
from agentic_diffusion_code.spacing import BREAK, DEDENT, INDENT
from agentic_diffusion_code.stream import lexemes_of
from agentic_diffusion_code.tokens import Vocabulary
from parso.grammar import load_grammar
from parso.parser import BaseParser, InternalParseError, ParserSyntaxError
from parso.python.token import PythonTokenTypes
from parso.python.tokenize import PythonToken

TOKENS = Vocabulary.load()
GRAMMAR = load_grammar(version="3.13")._pgen_grammar
MARKS = {
    BREAK: PythonTokenTypes.NEWLINE,
    INDENT: PythonTokenTypes.INDENT,
    DEDENT: PythonTokenTypes.DEDENT,
}


def parsed(lexemes: list[str]) -> bool:
    """Return whether the parser of parso knows a program that begins so."""
    tokens = []
    for each in lexemes:
        kind = MARKS.get(each)
        if kind is None and (each[0].isdigit() or (each[:1] == "." and each[1:2].isdigit())):
            kind = PythonTokenTypes.NUMBER
        if kind is None and each[-1] in "\"'":
            kind = PythonTokenTypes.STRING
        if kind is None:
            kind = PythonTokenTypes.NAME if each[0].isalpha() or each[0] == "_" else PythonTokenTypes.OP
        tokens.append(PythonToken(kind, "\n" if each == BREAK else "" if each in MARKS else each, (1, 0), ""))
    try:
        BaseParser(GRAMMAR).parse(tokens)
    except ParserSyntaxError:
        return False
    except InternalParseError as error:
        return "incomplete" in str(error)
    return True


def test_a_beginning_leads_where_the_parser_leads() -> None:
    rng, lost = random.Random(4), 0
    programs = [
        lexemes_of(TOKENS.encode(task.source, "python"), TOKENS.kinds, TOKENS._shown)[0]
        for task in islice(generate(seed=8, split="train"), 12)
    ]
    words = sorted({word for lexemes in programs for word in lexemes})
    for lexemes in programs:
        for _ in range(8):
            row = lexemes[: rng.randrange(1, len(lexemes) + 1)]
            for _ in range(rng.randrange(3)):
                row[rng.randrange(len(row))] = rng.choice(words)
            state = opening()
            for lexeme in row:
                state = step(state, lexeme)
            assert (state is not None) == parsed(row), row
            lost += state is None
    assert lost > 10
    assert step(None, "x") is None
