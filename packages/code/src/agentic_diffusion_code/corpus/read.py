"""Reads the small Python in which primitives are written into the intermediate form, typed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache

from agentic_diffusion.errors import ContractError

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.ir import Call, Choose, Comp, Expr, Fn, Lit, Name, Stmt, Type
from agentic_diffusion_code.corpus.spelling import ARITHMETIC, COMPARISONS, FUNCTIONS, MANY, METHODS


def _fault(node: ast.AST, why: str) -> ContractError:
    return ContractError(ast.unparse(node), "the Python that primitives are written in", why)


def _is_many(kind: Type) -> bool:
    return kind == "str" or kind.startswith(("list[", "dict["))


class Reader:
    """Reads expressions and statements.

    Args:
        types: The types of the variables that are known at the beginning.
        functions: What each helper that may be called answers.
    """

    def __init__(self, types: Mapping[str, Type], functions: Mapping[str, Type] | None = None) -> None:
        self.types = dict(types)
        self.functions = functions or {}

    def _inside(self, var: str, kind: Type) -> Reader:
        """Return a reader in which one more variable is known."""
        return Reader({**self.types, var: kind}, self.functions)

    def expr(self, node: ast.expr) -> Expr:
        """Return an expression."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise _fault(node, "There is no such expression.")
        found: Expr = method(node)
        return found

    def _many(self, node: ast.expr) -> Expr:
        """Return what a loop goes through."""
        found = self.expr(node)
        if not _is_many(found.type):
            raise _fault(node, "A loop goes through a list, a text or a dictionary.")
        return found

    def _constant(self, node: ast.Constant) -> Expr:
        if not isinstance(node.value, bool | int | float | str):
            raise _fault(node, "There is no such constant.")
        return Lit(node.value, type(node.value).__name__)

    def _name(self, node: ast.Name) -> Expr:
        if node.id not in self.types:
            raise _fault(node, "The name has no type.")
        return Name(node.id, self.types[node.id])

    def _binop(self, node: ast.BinOp) -> Expr:
        left, right = self.expr(node.left), self.expr(node.right)
        op = ARITHMETIC.get(type(node.op), "")
        if not op:
            raise _fault(node, "There is no such operator.")
        if op == "add" and left.type == "str":
            return Call("concat", (left, right), "str")
        if op == "add" and left.type.startswith("list"):
            return Call("extend", (left, right), left.type)
        if op == "mul" and left.type == "str":
            return Call("repeat", (left, right), "str")
        floats = op == "div" or "float" in (left.type, right.type)
        return Call(op, (left, right), "float" if floats else "int")

    def _unaryop(self, node: ast.UnaryOp) -> Expr:
        value = self.expr(node.operand)
        if isinstance(node.op, ast.Not):
            return Call("not", (value,), "bool")
        if isinstance(value, Lit) and isinstance(value.value, int | float):
            return Lit(-value.value, value.type)
        return Call("neg", (value,), value.type)

    def _boolop(self, node: ast.BoolOp) -> Expr:
        op = "and" if isinstance(node.op, ast.And) else "or"
        found = self.expr(node.values[0])
        for value in node.values[1:]:
            found = Call(op, (found, self.expr(value)), "bool")
        return found

    def _compare(self, node: ast.Compare) -> Expr:
        parts = [self.expr(each) for each in (node.left, *node.comparators)]
        found: Expr | None = None
        for left, op, right in zip(parts, node.ops, parts[1:], strict=False):
            if isinstance(op, ast.In | ast.NotIn):
                each: Expr = Call(f"in_{right.type.split('[')[0]}", (left, right), "bool")
                each = Call("not", (each,), "bool") if isinstance(op, ast.NotIn) else each
            elif type(op) in COMPARISONS:
                each = Call(COMPARISONS[type(op)], (left, right), "bool")
            else:
                raise _fault(node, "There is no such comparison.")
            found = each if found is None else Call("and", (found, each), "bool")
        if found is None:
            raise _fault(node, "It compares nothing.")
        return found

    def _ifexp(self, node: ast.IfExp) -> Expr:
        yes = self.expr(node.body)
        return Choose(self.expr(node.test), yes, self.expr(node.orelse), yes.type)

    def _list(self, node: ast.List) -> Expr:
        items = tuple(self.expr(item) for item in node.elts)
        if not items:
            raise _fault(node, "Nothing says what an empty list would hold.")
        return Call("list", items, f"list[{items[0].type}]")

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> Expr:
        loop = node.generators[0]
        if len(node.generators) > 1 or not isinstance(loop.target, ast.Name):
            raise _fault(node, "One loop has one variable.")
        source = self._many(loop.iter)
        inner = self._inside(loop.target.id, ir.element_of(source.type))
        cond: Expr | None = None
        for test in loop.ifs:
            each = inner.expr(test)
            cond = each if cond is None else Call("and", (cond, each), "bool")
        element = inner.expr(node.elt)
        return Comp(element, loop.target.id, source, cond, f"list[{element.type}]")

    _generatorexp = _listcomp

    def _joinedstr(self, node: ast.JoinedStr) -> Expr:
        parts: list[Expr] = [] if node.values else [Lit("", "str")]
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                part = self.expr(value.value)
                parts.append(part if part.type == "str" else Call("str", (part,), "str"))
            else:
                parts.append(self.expr(value))
        found = parts[0]
        for part in parts[1:]:
            found = Call("concat", (found, part), "str")
        return found

    def _subscript(self, node: ast.Subscript) -> Expr:
        base = self.expr(node.value)
        tail = "_str" if base.type == "str" else ""
        if not isinstance(node.slice, ast.Slice):
            index = self.expr(node.slice)
            if base.type.startswith("dict"):
                return Call("lookup", (base, index), ir.value_of(base.type))
            if isinstance(index, Lit) and index.value == -1:
                return Call(f"last{tail}", (base,), ir.element_of(base.type))
            return Call(f"at{tail}", (base, index), ir.element_of(base.type))
        lower, upper, step = (
            None if part is None else self.expr(part)
            for part in (node.slice.lower, node.slice.upper, node.slice.step)
        )
        if step is not None:
            if isinstance(step, Lit) and step.value == -1:
                return Call(f"reverse{tail}", (base,), base.type)
            return Call(f"every{tail}", (base, step), base.type)
        if lower is None and upper is not None:
            return Call(f"take{tail}", (base, upper), base.type)
        if upper is None and lower is not None:
            return Call(f"drop{tail}", (base, lower), base.type)
        if lower is None or upper is None:
            raise _fault(node, "A slice has a beginning or an end.")
        return Call(f"slice{tail}", (base, lower, upper), base.type)

    def _call(self, node: ast.Call) -> Expr:
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, [self.expr(arg) for arg in node.args])
        if not isinstance(node.func, ast.Name) or not node.args:
            raise _fault(node, "There is no such function.")
        name = node.func.id
        if name in ("sorted", "max", "min") and node.keywords:
            return self._with_key(name, node)
        args = tuple(self.expr(arg) for arg in node.args)
        if name in self.functions:
            return Call(f"fn:{name}", args, self.functions[name])
        return self._known(node, name, args)

    def _known(self, node: ast.Call, name: str, args: tuple[Expr, ...]) -> Expr:
        """Return an operation that is spelled as a function."""
        if name == "sorted" and args[0].type.startswith("dict"):
            return Call("sorted_keys", args, f"list[{ir.element_of(args[0].type)}]")
        first = args[0].type
        if name in MANY and len(args) == 1 and not _is_many(first):
            raise _fault(node, "It asks for a list, a text or a dictionary.")
        if name == "len":
            return Call(f"len_{first.split('[')[0]}", args, "int")
        if name in ("max", "min"):
            kind = ir.element_of(first) if len(args) == 1 else first
            return Call(f"{name}2" if len(args) == 2 else name, args, kind)
        if name == "int" and first == "float":
            return Call("trunc", args, "int")
        kinds = {
            "sorted": first,
            "abs": first,
            "unique": first,
            "str": "str",
            "int": "int",
            "float": "float",
            "round": "float",
        }
        found = kinds.get(name) or FUNCTIONS.get(name)
        if name == "values":
            found = f"list[{ir.value_of(first)}]"
        if name == "sum":
            found = ir.element_of(first)
        if found is None:
            raise _fault(node, "There is no such function.")
        return Call(name, args, found)

    def _with_key(self, name: str, node: ast.Call) -> Expr:
        source = self._many(node.args[0])
        word = {each.arg: each.value for each in node.keywords}
        op = {"sorted": "sort_by", "max": "max_by", "min": "min_by"}[name]
        kind = source.type if name == "sorted" else ir.element_of(source.type)
        if "key" not in word:
            return Call("sorted_desc", (source,), kind)
        key = word["key"]
        if not isinstance(key, ast.Lambda) or len(key.args.args) != 1:
            raise _fault(node, "What is sorted by is a function of one element, written out.")
        var = key.args.args[0].arg
        body = self._inside(var, ir.element_of(source.type)).expr(key.body)
        fn = Fn(var, ir.element_of(source.type), body, body.type)
        return Call(f"{op}_desc" if "reverse" in word else op, (source, fn), kind)

    def _method(self, func: ast.Attribute, args: list[Expr]) -> Expr:
        base = self.expr(func.value)
        name = func.attr
        if name == "get":
            return Call("get", (base, *args), ir.value_of(base.type))
        if name == "split" and args:
            return Call("split_on", (base, *args), "list[str]")
        if name == "count" and base.type.startswith("list"):
            return Call("count_list", (base, *args), "int")
        if name == "index":
            return Call("index", (base, *args), "int")
        if name not in METHODS or base.type != "str":
            raise _fault(func, "There is no such method.")
        return Call(name, (base, *args), METHODS[name])

    def body(self, nodes: list[ast.stmt]) -> tuple[Stmt, ...]:
        """Return statements, in the order in which names become known."""
        return tuple(self.statement(node) for node in nodes)

    def statement(self, node: ast.stmt) -> Stmt:  # noqa: C901  one branch for each kind of statement
        """Return a statement."""
        if isinstance(node, ast.Return) and node.value is not None:
            return ir.Return(self.expr(node.value))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            kind = ast.unparse(node.annotation)
            self.types[node.target.id] = kind
            return ir.Let(node.target.id, Lit(None, kind))
        if isinstance(node, ast.Assign):
            return self._assign(node.targets[0], self.expr(node.value))
        if isinstance(node, ast.AugAssign):
            value = self.expr(ast.BinOp(_loaded(node.target), node.op, node.value))
            return self._assign(node.target, value)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            source = self._many(node.iter)
            self.types[node.target.id] = ir.element_of(source.type)
            return ir.For(node.target.id, source, self.body(node.body))
        if isinstance(node, ast.While):
            return ir.While(self.expr(node.test), self.body(node.body))
        if isinstance(node, ast.If):
            return ir.When(self.expr(node.test), self.body(node.body), self.body(node.orelse))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
                raise _fault(node, "There is no such statement.")
            name = call.func.value.id
            return ir.Push(name, self.types[name], self.expr(call.args[0]))
        if isinstance(node, ast.Break):
            return ir.Break()
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            return ir.Fail(str(ast.literal_eval(node.exc.args[0])))
        raise _fault(node, "There is no such statement.")

    def _assign(self, target: ast.expr, value: Expr) -> Stmt:
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            name = target.value.id
            return ir.Put(name, self.types[name], self.expr(target.slice), value)
        if not isinstance(target, ast.Name):
            raise _fault(target, "There is no such place.")
        known = target.id in self.types
        self.types.setdefault(target.id, value.type)
        return (ir.Set if known else ir.Let)(target.id, value)


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body


@cache
def read_expr(text: str, types: tuple[tuple[str, Type], ...]) -> Expr:
    """Return an expression.

    Args:
        text: The Python of it.
        types: The types of the variables in it.
    """
    return Reader(dict(types)).expr(ast.parse(text, mode="eval").body)


@cache
def read_body(text: str, types: tuple[tuple[str, Type], ...]) -> tuple[Stmt, ...]:
    """Return the statements of a function."""
    return Reader(dict(types)).body(ast.parse(text).body)
