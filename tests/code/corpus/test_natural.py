"""Documented functions from a folder, and from the library."""

import ast
from itertools import islice

from agentic_diffusion_code.corpus.natural import LICENCE, MAX_LINES, natural


def test_documented_functions_are_found(tmp_path):
    (tmp_path / "a.py").write_text(
        'def f(x):\n    """Say\n    it.\n\n    More."""\n    return x\n\n\n'
        'def g():\n    return 1\n\n\ndef h():\n    """Only."""\n'
    )
    (tmp_path / "b.py").write_text("def (")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "c.py").write_text('def t():\n    """T."""\n    return 1\n')
    (row,) = natural(tmp_path)
    assert (row.description, row.entry, row.module, row.licence) == ("Say it.", "f", "a.py", LICENCE)
    assert row.source == "def f(x):\n    return x\n"


def test_the_library_has_some():
    rows = list(islice(natural(), 20))
    assert len(rows) == 20
    for row in rows:
        assert isinstance(ast.parse(row.source).body[0], ast.FunctionDef)
        assert row.source.count("\n") <= MAX_LINES
