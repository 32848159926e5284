"""The reference evaluator: runs the intermediate form itself, without rendering it.

A program becomes nested Python closures, so that a call costs microseconds; no text of any
rendering is ever looked at. Work, sizes and numbers are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.operations import OPERATIONS

LARGEST = 1 << 53
MAX_LENGTH = 2000
MAX_TURNS = 1000

Env: TypeAlias = dict[str, Any]
Run: TypeAlias = Callable[[Env], Any]
Act: TypeAlias = Callable[[Env], Any]


class UnfitError(Exception):
    """A value that not every language can hold, or too much work: the case is not used."""


class _FailedError(Exception):
    """The program refused its input."""


class _BrokenError(Exception):
    """A loop ends."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gives: a value, or the message of a refusal."""

    value: Any = None
    error: str | None = None


_NOTHING = object()


def compile_program(program: ir.Program) -> Callable[[Sequence[Any]], Answer]:
    """Return the program as a function from arguments to an answer.

    The function raises `UnfitError` for a call that leaves the bounds or that has no meaning, such as a
    division by zero.
    """
    functions: dict[str, Callable[[Sequence[Any]], Any]] = {}
    for function in program.functions:
        functions[function.name] = _function(function, functions)
    entry = functions[program.entry.name]

    def run(arguments: Sequence[Any]) -> Answer:
        try:
            value = entry(arguments)
        except _FailedError as refusal:
            return Answer(error=str(refusal))
        except (ArithmeticError, LookupError, ValueError, TypeError, RecursionError) as fault:
            raise UnfitError(str(fault)) from fault
        return Answer(fit(value))

    return run


def fit(value: Any) -> Any:
    """Return a value when every language can hold it.

    Raises:
        UnfitError: When it cannot.
    """
    if isinstance(value, bool | str):
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            raise UnfitError("a long text")
    elif isinstance(value, int | float):
        if not abs(value) < LARGEST:
            raise UnfitError("a large number")
    elif isinstance(value, list):
        if len(value) > MAX_LENGTH:
            raise UnfitError("a long list")
        for item in value:
            fit(item)
    elif isinstance(value, dict):
        fit(list(value.values()))
    return value


def _function(
    function: ir.Function, functions: dict[str, Callable[[Sequence[Any]], Any]]
) -> Callable[[Sequence[Any]], Any]:
    names = [name for name, _ in function.params]
    body = _block(function.body, functions)

    def run(arguments: Sequence[Any]) -> Any:
        found = body(dict(zip(names, arguments, strict=True)))
        if found is _NOTHING:
            raise UnfitError("no answer")
        return found

    return run


def _block(body: Sequence[ir.Stmt], functions: dict[str, Any]) -> Act:
    acts = [_statement(statement, functions) for statement in body]
    if len(acts) == 1:
        return acts[0]

    def run(env: Env) -> Any:
        for act in acts:
            found = act(env)
            if found is not _NOTHING:
                return found
        return _NOTHING

    return run


def _statement(statement: ir.Stmt, functions: dict[str, Any]) -> Act:
    if isinstance(statement, ir.Return):
        return _expr(statement.value, functions)
    if isinstance(statement, ir.Let | ir.Set):
        return _store(statement.name, _expr(statement.value, functions))
    if isinstance(statement, ir.Fail):
        return _fail(statement.message)
    if isinstance(statement, ir.Break):
        return _break
    if isinstance(statement, ir.When):
        return _when(statement, functions)
    if isinstance(statement, ir.For | ir.While):
        return _loop(statement, functions)
    value = _expr(statement.value, functions)
    key = _expr(statement.key, functions) if statement.key is not None else None
    name = statement.name

    def put(env: Env) -> Any:
        assert key is not None
        if isinstance(env[name], list) and not -len(env[name]) <= key(env) < len(env[name]):
            raise UnfitError("outside the list")
        env[name][key(env)] = value(env)
        return _NOTHING

    def push(env: Env) -> Any:
        target = env[name] if key is None else env[name].setdefault(key(env), [])
        target.append(value(env))
        return _NOTHING

    return put if isinstance(statement, ir.Put) else push


def _store(name: str, value: Run) -> Act:
    def run(env: Env) -> Any:
        found = value(env)
        if type(found) is int and not -LARGEST < found < LARGEST:
            raise UnfitError("a large number")
        env[name] = found
        return _NOTHING

    return run


def _fail(message: str) -> Act:
    def run(env: Env) -> Any:
        raise _FailedError(message)

    return run


def _break(env: Env) -> Any:
    raise _BrokenError


def _when(statement: ir.When, functions: dict[str, Any]) -> Act:
    test = _expr(statement.test, functions)
    yes, no = _block(statement.body, functions), _block(statement.otherwise, functions)
    return lambda env: yes(env) if test(env) else no(env)


def _loop(statement: ir.For | ir.While, functions: dict[str, Any]) -> Act:  # noqa: C901  one loop of two kinds
    body = _block(statement.body, functions)
    if isinstance(statement, ir.While):
        test = _expr(statement.test, functions)
        name, source = "", None
    else:
        test, name, source = None, statement.var, _expr(statement.source, functions)

    def turns(env: Env) -> Any:
        if source is not None:
            yield from source(env)
            return
        assert test is not None
        while test(env):
            yield None

    def run(env: Env) -> Any:
        count = 0
        try:
            for item in turns(env):
                count += 1
                if count > MAX_TURNS:
                    raise UnfitError("too many turns")
                if name:
                    env[name] = item
                found = body(env)
                if found is not _NOTHING:
                    return found
        except _BrokenError:
            pass
        return _NOTHING

    return run


def _expr(expr: ir.Expr, functions: dict[str, Any]) -> Run:
    if isinstance(expr, ir.Lit):
        return _literal(expr)
    if isinstance(expr, ir.Name):
        name = expr.name
        return lambda env: env[name]
    if isinstance(expr, ir.Choose):
        test, yes, no = (_expr(part, functions) for part in (expr.test, expr.yes, expr.no))
        return lambda env: yes(env) if test(env) else no(env)
    if isinstance(expr, ir.Fn):
        body, var = _expr(expr.body, functions), expr.var
        return lambda env: lambda item: body({**env, var: item})
    if isinstance(expr, ir.Comp):
        return _comp(expr, functions)
    return _call(expr, functions)


def _literal(expr: ir.Lit) -> Run:
    if expr.value is None:
        return (lambda env: {}) if expr.type.startswith("dict") else (lambda env: [])
    value = expr.value
    return lambda env: value


def _comp(expr: ir.Comp, functions: dict[str, Any]) -> Run:
    element, source = _expr(expr.element, functions), _expr(expr.source, functions)
    cond = None if expr.cond is None else _expr(expr.cond, functions)
    var = expr.var

    def run(env: Env) -> Any:
        inner = dict(env)
        found = []
        for item in source(env):
            inner[var] = item
            if cond is None or cond(inner):
                found.append(element(inner))
        return found

    return run


def _call(expr: ir.Call, functions: dict[str, Any]) -> Run:
    args = [_expr(arg, functions) for arg in expr.args]
    if expr.op == "and":
        return lambda env: args[0](env) and args[1](env)
    if expr.op == "or":
        return lambda env: args[0](env) or args[1](env)
    if expr.op.startswith("fn:"):
        called = functions[expr.op[3:]]
        return lambda env: called([arg(env) for arg in args])
    operation = OPERATIONS[expr.op]
    if len(args) == 1:
        (one,) = args
        return lambda env: operation(one(env))
    if len(args) == 2:
        first, second = args
        return lambda env: operation(first(env), second(env))
    return lambda env: operation(*[arg(env) for arg in args])
