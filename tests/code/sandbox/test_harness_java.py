"""The program around a function in Java."""

from agentic_diffusion_code.sandbox.harness_java import java
from agentic_diffusion_code.sandbox.shapes import head

SOURCE = "class Solution {\n  static long f(long x, Map<String, Long> m) {\n    return x;\n  }\n}\n"


def test_calls_are_methods_of_the_class_that_owns_the_function() -> None:
    shape = head(SOURCE, "f", "java")
    program = java(SOURCE, "f", shape, calls=[[-(1 << 63), {"\n": 2}]], mark="mark9")
    assert "Solution.f(Long.MIN_VALUE, new java.util.LinkedHashMap<String, Long>()" in program
    assert 'put("\\n", 2L);' in program  # not an escape that ends the line before the compiler reads it
    assert program.startswith(SOURCE)
    assert "mark9 " in program
