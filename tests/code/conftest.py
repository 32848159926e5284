"""One fence for all tests, and the outcome of the whole attack corpus, run once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.sandbox.testing import Outcome, check_sandbox


@pytest.fixture(scope="session")
def fence() -> Iterator[ProcessSandbox]:
    with ProcessSandbox(concurrency=6) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def outcomes(fence: ProcessSandbox) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in check_sandbox(fence, at_once=6):
        found.setdefault(outcome.attack.family, []).append(outcome)
    return found


PROGRAMS = {
    "python": (
        "import re\n\n\n@cache\ndef f(items: list[int], *, key=None, n: int = 2) -> dict[str, int]:\n"
        '    """Say it."""\n    if not items:  # nothing\n        raise ValueError("no items")\n'
        "    table = {k: -v ** 2 for k, v in zip(items[1:], items[::-1])}\n"
        "    while n > 0 and (n % 2 == 0 or n in (1,\n            3)):\n        n //= 2\n        continue\n"
        "    return table if n else {**table, 'a b': f\"{n}!\"}\n\nprint(f([1, 2]), 1.5e-3, lambda x: x)\n"
    ),
    "javascript": (
        "import {a} from 'x';\n// note\nfunction f(a, b = 2) {\n  const m = new Map();\n"
        "  for (let i = 0; i < a.length; i++) { m.set(i, -a[i] * 2); }\n"
        "  return a\n    .map((x) => x * 2)\n    .filter(x => /ab[/]c/g.test(x) && !x || x > -3 ? {y: 1}"
        " : `t ${x}`);\n}\n"
    ),
    "typescript": (
        "export function f(items: number[], k?: string): Map<string, Array<number>> {\n"
        "  const found: Map<string, Array<number>> = new Map();\n  return found as any;\n}\n"
    ),
    "java": (
        "import java.util.*;\npublic class Main {\n  static Map<String, List<Long>> f(List<Long> xs, int[] a) {\n"
        "    for (int i = 0; i < a.length; i++) { if (!ok(a[i])) { return null; } }\n"
        '    return xs.stream().map(x -> x * 2L).toList() == null ? Map.of() : Map.of("a", xs);\n  }\n}\n'
    ),
    "go": (
        'package main\n\nimport "fmt"\n\nfunc f(items []string, m map[string][]int) ([]int, error) {\n'
        '\tout := make([]int, 0, len(items))\n\tfor i, x := range items {\n\t\tif x != "" {\n'
        "\t\t\tout = append(out, i*2)\n\t\t}\n\t}\n\tfmt.Println(`raw`, 'c')\n\treturn out[1:], nil\n}\n"
    ),
    "rust": (
        "use std::collections::HashMap;\n#[derive(Debug)]\nstruct P { x: i64 }\n"
        "fn f<'a>(items: &[i64], s: &'a str) -> Result<Vec<i64>, String> {\n    let mut out: Vec<i64> = Vec::new();\n"
        '    for x in items.iter() { out.push(*x * 2); }\n    println!("{}", s.len());\n'
        '    if !out.is_empty() { return Err("no".to_string()); }\n'
        "    Ok(out.iter().map(|x| x + 1).collect::<Vec<_>>())\n}\n"
    ),
    "c": (
        "#include <stdio.h>\n#include <stdbool.h>\nlong f(const long *items, size_t n, char *s) {\n  long t = 0;\n"
        "  for (size_t i = 0; i < n; i++) { t += items[i] * -1; s[i] = 'x'; }\n"
        '  printf("%ld\\n", t);\n  return n ? t : 2;\n}\n'
    ),
}


@pytest.fixture(scope="session")
def programs() -> dict[str, str]:
    return PROGRAMS
