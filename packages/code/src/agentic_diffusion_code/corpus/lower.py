"""Says a program with loops and helpers, for languages in which lists are no expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import final

from agentic_diffusion_code.corpus import ir, prelude
from agentic_diffusion_code.corpus.build import default_of, substituted
from agentic_diffusion_code.corpus.ir import Call, Choose, Comp, Expr, Lit, Name, Stmt

Native = Callable[[Call], bool]
"""Whether a language has an expression for an operation."""

_YES, _NO, _ZERO = Lit(True, "bool"), Lit(False, "bool"), Lit(0, "int")


def lower(program: ir.Program, native: Native, *, ternary: bool) -> ir.Program:
    """Return the same program without lists as expressions, and with helpers for what is not native.

    A list is built by a loop before the statement that needs it; sums, any, all and extremes become loops that build no
    list. What stands behind `and`, `or` or a choice stays behind it.

    Args:
        program: The program.
        native: Which operations stay.
        ternary: Whether a choice may stay an expression.
    """
    taken = {function.name for function in program.functions}
    for function in program.functions:
        taken |= _bound(function.body) | {name for name, _ in function.params}
    work = Lowering(native, ternary, taken)
    functions = [work.function(function) for function in program.functions]
    return ir.Program((*work.helpers.values(), *functions))


def _bound(body: Sequence[Stmt]) -> set[str]:
    """Return the names that statements and orderings bind; a loop may keep the name that a list had for its element."""
    found: set[str] = set()

    def note(expr: Expr) -> Expr:
        if isinstance(expr, ir.Fn):
            found.add(expr.var)
        return expr

    def visit(statements: Sequence[Stmt]) -> None:
        for statement in statements:
            if isinstance(statement, ir.For):
                found.add(statement.var)
            if isinstance(statement, ir.Let | ir.Set | ir.Put | ir.Push):
                found.add(statement.name)
            if isinstance(statement, ir.For | ir.While | ir.When):
                visit(statement.body)
            if isinstance(statement, ir.When):
                visit(statement.otherwise)

    ir.rebuild_body(tuple(body), note)
    visit(body)
    return found


@final
class Lowering:
    """One program on its way.

    Args:
        native: Which operations stay.
        ternary: Whether a choice may stay an expression.
        taken: Names that are in use.
    """

    def __init__(self, native: Native, ternary: bool, taken: set[str]) -> None:
        self.native, self.ternary, self.taken = native, ternary, taken
        self.helpers: dict[str, ir.Function] = {}

    def function(self, function: ir.Function) -> ir.Function:
        """Return a function without lists as expressions."""
        return replace(function, body=self.body(function.body))

    def body(self, body: Sequence[Stmt]) -> tuple[Stmt, ...]:
        """Return statements without lists as expressions."""
        out: list[Stmt] = []
        for statement in body:
            self.statement(statement, out)
        return tuple(out)

    def statement(self, node: Stmt, out: list[Stmt]) -> None:
        """Add what a statement becomes."""
        if isinstance(node, ir.Let | ir.Set):
            out.append(type(node)(node.name, self.expr(node.value, out)))
        elif isinstance(node, ir.Return):
            out.append(ir.Return(self.expr(node.value, out)))
        elif isinstance(node, ir.Put):
            place = self.expr(node.key, out)
            out.append(ir.Put(node.name, node.type, place, self.expr(node.value, out)))
        elif isinstance(node, ir.Push):
            key = None if node.key is None else self.expr(node.key, out)
            out.append(ir.Push(node.name, node.type, self.expr(node.value, out), key))
        elif isinstance(node, ir.When):
            test = self.expr(node.test, out)
            out.append(ir.When(test, self.body(node.body), self.body(node.otherwise)))
        elif isinstance(node, ir.While):
            inner: list[Stmt] = []
            test = self.expr(node.test, inner)
            body = self.body(node.body)
            if inner:
                stop = ir.When(Call("not", (test,), "bool"), (ir.Break(),))
                out.append(ir.While(_YES, (*inner, stop, *body)))
            else:
                out.append(ir.While(test, body))
        elif isinstance(node, ir.For):
            out.append(ir.For(node.var, self.source(node.source, out), self.body(node.body)))
        else:
            out.append(node)

    def source(self, node: Expr, out: list[Stmt]) -> Expr:
        """Return what a loop goes through; a range stays one."""
        if isinstance(node, Call) and node.op == "range":
            return Call("range", tuple(self.expr(arg, out) for arg in node.args), node.type)
        return self.expr(node, out)

    def expr(self, node: Expr, out: list[Stmt]) -> Expr:
        """Return an expression; what must be done before it is added to `out`."""
        if isinstance(node, Comp):
            return self.listed(node, out)
        if isinstance(node, Choose):
            return self.choice(node, out)
        if isinstance(node, Call):
            return self.call(node, out)
        return node

    def call(self, node: Call, out: list[Stmt]) -> Expr:
        """Return a call, or the name of what a loop found."""
        if node.op in ("and", "or"):
            return self.either(node, out)
        if node.op in ("sum", "any", "all"):
            return self.reduced(node, out)
        if node.op in ("max", "min"):
            return self.extreme(node, out, key=lambda item: item)
        if node.op in ("max_by", "min_by"):
            key = node.args[1]
            assert isinstance(key, ir.Fn)
            return self.extreme(
                node, out, key=lambda item: ir.rebuild(key.body, substituted({key.var: item}))
            )
        if node.op == "range":
            return self.listed(Comp(Name("i", "int"), "i", node, None, node.type), out)
        args = tuple(self.expr(arg, out) for arg in node.args)
        made = Call(node.op, args, node.type)
        if node.op.startswith("fn:") or self.native(made):
            return made
        return self.helped(made)

    def helped(self, node: Call) -> Expr:
        """Return a call of a helper that does what an operation does, where there is one."""
        lists = [arg.type for arg in node.args if arg.type.startswith("list[")]
        function = prelude.helper(node.op, ir.element_of(lists[0]) if lists else "int")
        fits = function is not None and all(
            arg.type == kind for arg, (_, kind) in zip(node.args, function.params, strict=False)
        )
        if function is None or not fits or len(node.args) != len(function.params):
            return node  # the renderer says that it cannot say it
        name = function.name
        while name in self.taken:
            name += "_of"
        if name not in self.helpers:
            made = self.function(replace(function, name=name))
            self.helpers[name] = made
        return Call(f"fn:{name}", node.args, node.type)

    def either(self, node: Call, out: list[Stmt]) -> Expr:
        """Keep what stands behind `and` or `or` behind it."""
        first = self.expr(node.args[0], out)
        inner: list[Stmt] = []
        second = self.expr(node.args[1], inner)
        if not inner:
            return Call(node.op, (first, second), "bool")
        holds = self.let("holds", first, out)
        test: Expr = holds if node.op == "and" else Call("not", (holds,), "bool")
        out.append(ir.When(test, (*inner, ir.Set(holds.name, second))))
        return holds

    def choice(self, node: Choose, out: list[Stmt]) -> Expr:
        """Return a choice, or the name of what was chosen."""
        test = self.expr(node.test, out)
        yes_out: list[Stmt] = []
        no_out: list[Stmt] = []
        yes, no = self.expr(node.yes, yes_out), self.expr(node.no, no_out)
        if self.ternary and not yes_out and not no_out:
            return Choose(test, yes, no, node.type)
        found = self.let("chosen", default_of(node.type), out)
        out.append(ir.When(test, (*yes_out, ir.Set(found.name, yes)), (*no_out, ir.Set(found.name, no))))
        return found

    def listed(self, node: Comp, out: list[Stmt]) -> Expr:
        """Build a list by a loop."""
        found = self.let("out", Lit(None, node.type), out)
        self.loop(node, out, lambda item, body: body.append(ir.Push(found.name, node.type, item)))
        return found

    def reduced(self, node: Call, out: list[Stmt]) -> Expr:
        """Return the name of a sum, or of whether any or all hold."""
        source = self.read(node.args[0])
        if node.op == "sum":
            total = self.let("total", Lit(0.0, "float") if node.type == "float" else _ZERO, out)
            self.loop(
                source,
                out,
                lambda item, body: body.append(ir.Set(total.name, Call("add", (total, item), node.type))),
            )
            return total
        wanted = node.op == "any"
        found = self.let("found", _NO if wanted else _YES, out)

        def look(item: Expr, body: list[Stmt]) -> None:
            test = item if wanted else Call("not", (item,), "bool")
            body.append(ir.When(test, (ir.Set(found.name, _YES if wanted else _NO), ir.Break())))

        self.loop(source, out, look)
        return found

    def extreme(self, node: Call, out: list[Stmt], *, key: Callable[[Expr], Expr]) -> Expr:
        """Return the name of the first largest or smallest element."""
        items = self.expr(node.args[0], out)
        items = items if isinstance(items, Name) else self.let("items", items, out)
        best = self.let("best", Call("at", (items, _ZERO), node.type), out)
        op = "gt" if node.op.startswith("max") else "lt"
        each = Name(self.free("each"), node.type)
        body: list[Stmt] = []
        test = self.expr(Call(op, (key(each), key(best)), "bool"), body)
        body.append(ir.When(test, (ir.Set(best.name, each),)))
        out.append(ir.For(each.name, items, tuple(body)))
        return best

    def loop(self, node: Comp, out: list[Stmt], act: Callable[[Expr, list[Stmt]], None]) -> None:
        """Add a loop that does something with each element that is wanted."""
        source = self.source(node.source, out)
        kind = ir.element_of(node.source.type)
        var = Name(self.free(node.var), kind)
        change = substituted({node.var: var})
        body: list[Stmt] = []
        inner = body
        if node.cond is not None:
            test = self.expr(ir.rebuild(node.cond, change), body)
            inner = []
        act(self.expr(ir.rebuild(node.element, change), inner), inner)
        if node.cond is not None:
            body.append(ir.When(test, tuple(inner)))
        out.append(ir.For(var.name, source, tuple(body)))

    def read(self, node: Expr) -> Comp:
        """Return a list as a comprehension, so that a loop can go through its source."""
        if isinstance(node, Comp):
            return node
        kind = ir.element_of(node.type)
        return Comp(Name("item", kind), "item", node, None, node.type)

    def let(self, name: str, value: Expr, out: list[Stmt]) -> Name:
        """Bind a value to a new name."""
        found = Name(self.free(name), value.type)
        out.append(ir.Let(found.name, value))
        return found

    def free(self, name: str) -> str:
        """Return a name that is still free, and take it."""
        tries = [name, *(f"{name}{number}" for number in range(2, 99))]
        made = next(each for each in tries if each not in self.taken)
        self.taken.add(made)
        return made
