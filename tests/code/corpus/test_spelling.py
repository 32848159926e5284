"""Each spelling is an operation that programs can be evaluated with."""

import ast

from agentic_diffusion_code.corpus import ir, read
from agentic_diffusion_code.corpus.evaluate import compile_program
from agentic_diffusion_code.corpus.spelling import ARITHMETIC, COMPARISONS, FUNCTIONS, METHODS

ARGUMENTS = {
    "replace": "('a', 'b')",
    "join": "(['x', 'y'])",
    "startswith": "('a')",
    "endswith": "('a')",
    "removeprefix": "('a')",
    "removesuffix": "('a')",
    "find": "('a')",
    "count": "('a')",
    "zfill": "(5)",
    "rjust": "(5)",
    "ljust": "(5)",
}


def run(expr: ir.Expr, kind: str) -> object:
    function = ir.Function("f", (("s", kind),), expr.type, (ir.Return(expr),))
    return compile_program(ir.Program((function,)))(["ab" if kind == "str" else 6]).value


def test_methods_are_those_of_python() -> None:
    for name in METHODS:
        text = f"s.{name}{ARGUMENTS.get(name, '()')}"
        assert run(read.read_expr(text, (("s", "str"),)), "str") == eval(text, {"s": "ab"})


def test_operators_are_those_of_python() -> None:
    for node in (*ARITHMETIC, *COMPARISONS):
        operator = ast.BinOp(ast.Name("s"), node(), ast.Constant(2)) if node in ARITHMETIC else None
        tree = operator or ast.Compare(ast.Name("s"), [node()], [ast.Constant(2)])
        text = ast.unparse(tree)
        assert run(read.read_expr(text, (("s", "int"),)), "int") == eval(text, {"s": 6})


def test_functions_answer_what_is_said() -> None:
    for name, kind in FUNCTIONS.items():
        given = {"ord": "'a'", "chr": "97", "range": "3"}.get(name, "[True, False]")
        assert read.read_expr(f"{name}({given})", ()).type == kind
