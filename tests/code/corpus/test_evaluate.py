"""The reference evaluator against Python itself, and its bounds."""

import pytest
from agentic_diffusion_code.corpus import ir, read
from agentic_diffusion_code.corpus.evaluate import Answer, UnfitError, compile_program, fit


def program(text, *types, returns="int"):
    return ir.Program((ir.Function("f", types, returns, read.read_body(text, types)),))


LOOPS = """
out: list[int] = []
seen: dict[str, int] = {}
for c in s:
    if c == "x":
        break
    seen[c] = seen.get(c, 0) + 1
    out.append(seen[c])
n = len(out)
while n > 2 or n == 1:
    n -= 1
if n == 0:
    raise ValueError("nothing")
out[0] = n
return out + [m * 2 for m in out if m > 1 and m < 9]
"""


def plain(s):
    space = {}
    body = "\n".join(f"    {line}" for line in LOOPS.strip().splitlines())
    exec(f"def f(s):\n{body}\n", space)  # our own text, above
    return space["f"](s)


@pytest.mark.parametrize("text", ["aabx", "abcabc", "ba"])
def test_statements_mean_what_python_means(text):
    run = compile_program(program(LOOPS, ("s", "str"), returns="list[int]"))
    assert run([text]) == Answer(plain(text))


def test_refusals_are_answers():
    run = compile_program(program(LOOPS, ("s", "str"), returns="list[int]"))
    assert run([""]) == Answer(error="nothing")


def test_functions_call_helpers():
    helper = ir.Function("h", (("n", "int"),), "int", read.read_body("return n * n", (("n", "int"),)))
    call = ir.Call("fn:h", (ir.Name("k", "int"),), "int")
    run = compile_program(ir.Program((helper, ir.Function("f", (("k", "int"),), "int", (ir.Return(call),)))))
    assert run([7]) == Answer(49)


@pytest.mark.parametrize(
    "text",
    [
        "while k > 0:\n    k = k + 1\nreturn k",
        "n = k\nwhile n > 0:\n    n = n * 1000\nreturn n",
        "return 1 // (k - k)",
        "n = 1",
        "return [k][k + 5]",
        "xs = [1]\nxs[k + 5] = 2\nreturn k",
        "return 9007199254740993 + k",
    ],
)
def test_work_and_numbers_are_bounded(text):
    with pytest.raises(UnfitError):
        compile_program(program(text, ("k", "int")))([1])


def test_sizes_are_bounded():
    for value in ("a" * 3000, [0] * 3000, {"a": 1e300}, float("nan")):
        with pytest.raises(UnfitError):
            fit(value)
    assert fit({"a": [1, True]}) == {"a": [1, True]}
