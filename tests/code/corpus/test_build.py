"""Putting primitives into one program."""

import random

from agentic_diffusion_code.corpus import ir, render_python
from agentic_diffusion_code.corpus.build import Builder, default_of, names_in, renamed
from agentic_diffusion_code.corpus.catalogue import everything
from agentic_diffusion_code.corpus.evaluate import compile_program

PRIMS = {(prim.name, prim.source): prim for prim in everything()}


def builder(kind="int"):
    return Builder(kind, random.Random(0))


def test_names_are_taken_once():
    made = builder()
    names = [made.pick(("a", "b")) for _ in range(4)]
    assert len(set(names)) == 4
    assert made.element("int", (ir.Name("n", "int"),)).name != "n"


def test_an_expression_read_twice_gets_a_name():
    made = builder("list[int]")
    size = ir.Call("len_list", (made.subject,), "int")
    value = made.apply(PRIMS["square", "int"], size, {})
    assert isinstance(made.body[0], ir.Let)
    assert compile_program(made.function("f", value, ""))([[1, 2, 3]]).value == 9


def test_a_primitive_alone_is_the_function_itself():
    made = builder()
    program = made.function("f", made.apply(PRIMS["factorial", "int"], made.subject, {}), "Say.")
    assert len(program.functions) == 1
    assert program.entry.doc == "Say."
    assert compile_program(program)([5]).value == 120


def test_constants_can_be_arguments():
    made = builder()
    prim = PRIMS["to_base", "int"]
    name = made.parameter("k", ir.Lit(3, "int"))
    other = made.apply(PRIMS["length", "str"], made.apply(prim, made.subject, {"k": name}), {})
    program = made.function("to_base", other, "")
    assert program.entry.name == "to_base_all"
    assert compile_program(program)([9, 3]).value == 3
    compile(render_python.render(program), "x", "exec")


def test_helpers_with_other_constants_have_other_names():
    made = builder()
    for k in (3, 5, 3):
        made.apply(PRIMS["to_base", "int"], made.subject, {"k": ir.Lit(k, "int")})
    assert len(made.helpers) >= 2


def test_helpers_name_their_argument():
    body = (ir.Return(ir.Call("add", (ir.Name("x", "int"), ir.Name("number", "int")), "int")),)
    made = renamed(ir.Function("f", (("x", "int"),), "int", body))
    assert made.params[0][0] not in ("x", "number")
    assert made.params[0][0] in names_in(made.body)


def test_defaults():
    assert [default_of(kind).value for kind in ("int", "str", "bool", "list[int]")] == [0, "", False, None]
