import re

import pytest
from agentic_diffusion_code.sandbox.policy import Finding, findings

ORDINARY = """
from __future__ import annotations
import math
from collections import defaultdict
x: int = 1
class A:
    _y = 2
    def __repr__(self): return super().__repr__()
    async def f(self):
        async with self.a as b: await b
    @property
    def z(self): return self._y
def g(d, *rest, key=None, **more):
    n = 0
    d['a'] += 1
    d.b -= 2
    def h():
        nonlocal n
        n += 1
    match d:
        case {'a': [1, *r]}: pass
        case int() | str(): pass
        case _ if n: pass
    with h() as (p, q): yield p
    yield from (i for i in rest)
    return lambda v: f'{v:>3}'
if __name__ == '__main__':
    print(g({}))
"""


def test_ordinary_programs_have_no_findings():
    assert findings(ORDINARY) == ()


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("import os", "os"),
        ("from subprocess import run", "subprocess"),
        ("from . import x", "import"),
        ("eval('1')", "eval"),
        ("().__class__.__bases__", "__bases__"),
        ("g.gi_frame", "gi_frame"),
        ("def _getattr_(o): pass\n_getattr_ = 1", "guard"),
        ("__loader__", "__loader__"),
        ("x = (", "SyntaxError"),
        ("\ud800", "surrogates not allowed|cannot be read"),
        ("x" * 70_000, "characters"),
    ],
)
def test_dangerous_constructs_are_found(source, word):
    found = findings(source)
    assert any(re.search(word, one.message) for one in found), found


def test_findings_are_in_the_order_of_lines():
    assert [one.line for one in findings("\nimport os\neval('')")] == [2, 3]
    assert findings("(" * 5000)
    assert Finding(1, "a") == Finding(1, "a")
