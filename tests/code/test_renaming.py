"""Other declarations: names are exchanged where they mean the parameter and nowhere else, or not at all."""

import ast
import sys

import pytest
from agentic_diffusion_code.renaming import redeclared


@pytest.mark.parametrize(
    ("source", "header", "made"),
    [
        (
            "def f(numbers: list[int]) -> int:\n    # numbers\n    return sum(numbers)\n",
            "def f(xs, /):",
            "def f(xs, /):\n    # numbers\n    return sum(xs)\n",
        ),
        (
            "def f(text, k):\n    return text.k(k=k, text='text k')[k].text\n",
            "def f(s, text=2):",
            "def f(s, text=2):\n    return s.k(k=text, text='text k')[text].text\n",
        ),
        (
            "def f(numbers):\n    return [x for x in numbers if x]\n",
            "def f(x):",
            "def f(x):\n    return [each for each in x if each]\n",
        ),
        (
            "def f(a, b):\n    if a:\n        return f(b=a, a=b)\n    return (lambda a: a)(b)\n",
            "def f(b, a):",
            "def f(b, a):\n    if b:\n        return f(a=b, b=a)\n    return (lambda b: b)(a)\n",
        ),
        (
            "def g(numbers):\n    return f(numbers=numbers)\n\n\ndef f(numbers: dict[str, int]): return numbers\n",
            "def f(\n    d,\n):",
            "def g(numbers):\n    return f(d=numbers)\n\n\ndef f(\n    d,\n): return d\n",
        ),
        (
            "def f(n):\n    return n\n",
            "def f(n: int = 3) -> int:",
            "def f(n: int = 3) -> int:\n    return n\n",
        ),
    ],
)
def test_a_function_is_declared_anew(source: str, header: str, made: str) -> None:
    assert redeclared(source, "f", header) == made


def test_own_calls_go_with_the_declaration() -> None:
    source = "def f(xs, k):\n    return k + f(xs[1:], k=k) if xs else 0\n"
    assert redeclared(source, "f", "def f(xs, *, step):") == (
        "def f(xs, *, step):\n    return step + f(xs[1:], step=step) if xs else 0\n"
    )
    other = "def h(f):\n    return f(2)\n\n\ndef f(number):\n    return number\n"
    assert redeclared(other, "f", "def f(x):") == other.replace("number", "x")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="parameters of types came with Python 3.12")
def test_parameters_of_types_stay() -> None:
    source = "def f(number):\n    return number  # it\n"
    assert redeclared(source, "f", "def f[T](a: T) -> T:") == "def f[T](a: T) -> T:\n    return a  # it\n"


def test_texts_with_names_in_them_mean_the_same() -> None:
    source = "def f(number):\n    return f'{number} number {number!r:>{number}}'\n"
    made = redeclared(source, "f", "def f(n):")
    assert ast.dump(ast.parse(made)) == ast.dump(
        ast.parse("def f(n):\n    return f'{n} number {n!r:>{n}}'\n")
    )
    scope: dict[str, object] = {}
    exec(made, scope)
    assert scope["f"](7) == "7 number       7"


@pytest.mark.parametrize(
    ("source", "header"),
    [
        ("def f(numbers):\n    return sum(numbers)\n", "def f(sum):"),
        ("def h(x):\n    return x\n\n\ndef f(numbers):\n    return h(numbers)\n", "def f(h):"),
        ("def f(numbers):\n    return locals()['numbers']\n", "def f(xs):"),
        ("def f(numbers):\n    class A:\n        numbers = 1\n    return A.numbers\n", "def f(xs):"),
        ("def f(numbers):\n    import xs\n    return xs\n", "def f(xs):"),
        ("def f(numbers):\n    def g(k):\n        return k\n    return g(k=numbers)\n", "def f(k):"),
        ("def f(numbers):\n    global xs\n    xs = numbers\n", "def f(xs):"),
        ("def f(numbers):\n    def f(k):\n        return k\n    return f(k=numbers)\n", "def f(xs):"),
        ("def h(f):\n    return f(number=2)\n\n\ndef f(number):\n    return number\n", "def f(x):"),
        ("def f(xs, k):\n    return k + f(xs[1:], k) if xs else 0\n", "def f(xs, *, step):"),
        ("def f(xs, k):\n    return f(*xs)\n", "def f(xs, *, step):"),
        ("def f(n):\n    return f(n=n - 1) if n else 0\n", "def f(k, /):"),
        ("def f(n):\n    return f(**{'n': 1}) if n else 0\n", "def f(k):"),
        ("def f(n, k=2):\n    return f(1) if n else k\n", "def f(a, b):"),
        ("def f(*numbers):\n    return numbers\n", "def f(xs):"),
        ("def f(a, b):\n    return a\n", "def f(xs):"),
        ("def g(a):\n    return a\n", "def f(xs):"),
        ("def f(a):\n    return a +\n", "def f(xs):"),
    ],
)
def test_nothing_is_changed_where_it_would_mean_something_else(source: str, header: str) -> None:
    assert redeclared(source, "f", header) == source
