"""Reads whole Python programs into the intermediate form, so that they can be said in other languages.

A program is understood where saying it again in Python gives the same program: nothing that was overlooked, such as a
keyword or a second target, can be lost on the way.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from agentic_diffusion.errors import ContractError

from agentic_diffusion_code.corpus import ir, render_python
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.ir import Call, Choose, Expr, Lit, Stmt, Type
from agentic_diffusion_code.corpus.read import Reader
from agentic_diffusion_code.corpus.sound import sound

_TRUE_OF = ("list", "dict", "str")


def understand(source: str) -> ir.Program:
    """Return a program of typed functions, the last of which is the one that is asked for.

    Raises:
        UnsayableError: There is something in it that the intermediate form has no word for.
    """
    try:
        tree = ast.parse(source)
        program = _program(tree)
        again = ast.parse(render_python.render(program))
    except (ContractError, SyntaxError, KeyError, IndexError, ValueError, RecursionError) as error:
        raise UnsayableError(f"it cannot be read: {error}") from error
    if _meaning(again) != _meaning(tree):
        raise UnsayableError("it cannot be read: said again it is another program")
    return program


def _program(tree: ast.Module) -> ir.Program:
    functions: dict[str, ir.Function] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            raise ValueError("something beside functions with types")
        if node.name in functions:
            raise ValueError(f"two functions {node.name}")
        read = _function(node, {name: each.returns for name, each in functions.items()})
        functions[node.name] = sound(read, functions)
    if not functions:
        raise ValueError("no function")
    return ir.Program(tuple(functions.values()))


def _function(node: ast.FunctionDef, known: Mapping[str, Type]) -> ir.Function:
    params = tuple((each.arg, _type(each.annotation)) for each in node.args.args)
    returns, doc = _type(node.returns), ast.get_docstring(node) or ""
    reader = _Program(dict(params), known)
    reader.wanted = returns
    body = reader.body(node.body[1:] if doc else node.body)
    return ir.Function(node.name, params, returns, body, doc)


def _type(node: ast.expr | None) -> Type:
    kind = "" if node is None else ast.unparse(node)
    if not _known(kind):
        raise ValueError(f"the type {kind or 'that is left out'}")
    return kind


def _known(kind: Type) -> bool:
    if kind.startswith("list[") and kind.endswith("]"):
        return _known(kind[5:-1])
    if kind.startswith("dict[") and kind.endswith("]") and ", " in kind:
        return ir.element_of(kind) in ("int", "str") and _known(ir.value_of(kind))
    return kind in ("int", "float", "bool", "str")


def _meaning(tree: ast.Module) -> str:
    """Return what a program is without its docstrings and without what two spellings have in common."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.unparse(tree)


class _Program(Reader):
    """Also reads what is written where the tables have names of their own, and values that hold nothing yet."""

    wanted: Type = ""
    """The type of what is read, where it does not say so itself."""

    def _inside(self, var: str, kind: Type) -> Reader:
        return _Program({**self.types, var: kind}, self.functions)

    def _list(self, node: ast.List) -> Expr:
        if not node.elts and not self.wanted.startswith("list"):
            raise ValueError("an empty list of nobody knows what")
        return super()._list(node) if node.elts else Lit(None, self.wanted)

    def _dict(self, node: ast.Dict) -> Expr:
        if node.keys or not self.wanted.startswith("dict"):
            raise ValueError("a dictionary that is written out")
        return Lit(None, self.wanted)

    def _unaryop(self, node: ast.UnaryOp) -> Expr:
        found = super()._unaryop(node)
        if isinstance(found, Call) and found.op == "not":
            inside = found.args[0]
            if inside.type.split("[")[0] in _TRUE_OF:
                return Call("is_empty", (inside,), "bool")
        return found

    def _ifexp(self, node: ast.IfExp) -> Expr:
        wanted, test = self.wanted, self.expr(node.test)
        if isinstance(node.body, ast.List | ast.Dict):
            no = self.expr(node.orelse)
            self.wanted = no.type
            yes = self.expr(node.body)
        else:
            yes = self.expr(node.body)
            self.wanted = yes.type
            no = self.expr(node.orelse)
        self.wanted = wanted
        return Choose(test, yes, no, yes.type)

    def _call(self, node: ast.Call) -> Expr:
        func, args = node.func, node.args
        if isinstance(func, ast.Name) and func.id == "list" and len(args) == 1:
            return self._listed(args[0])
        return super()._call(node)

    def _listed(self, node: ast.expr) -> Expr:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, name = node.func.value, node.func.attr
            if name == "fromkeys" and isinstance(owner, ast.Name) and owner.id == "dict":
                source = self.expr(node.args[0])
                return Call("unique", (source,), f"list[{ir.element_of(source.type)}]")
            if name == "values":
                base = self.expr(owner)
                return Call("values", (base,), f"list[{ir.value_of(base.type)}]")
        source = self.expr(node)
        kind = ir.element_of(source.type)
        return ir.Comp(ir.Name("each", kind), "each", source, None, f"list[{kind}]")

    def statement(self, node: ast.stmt) -> Stmt:
        if isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            kind = _type(node.annotation)
            self.types[node.target.id] = kind
            return ir.Let(node.target.id, self._as(kind, node.value))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known = self.types.get(node.targets[0].id, "")
            return self._assign(node.targets[0], self._as(known, node.value))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return self._pushed(node.value) or super().statement(node)
        return super().statement(node)

    def _as(self, kind: Type, node: ast.expr) -> Expr:
        wanted, self.wanted = self.wanted, kind
        found = self.expr(node)
        self.wanted = wanted
        return found

    def _pushed(self, node: ast.Call) -> Stmt | None:
        """Return what is put at the end of a list inside a dictionary, if that is what is said."""
        match node.func:
            case ast.Attribute(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="setdefault"), args=[key, _])
            ):
                return ir.Push(name, self.types[name], self.expr(node.args[0]), self.expr(key))
        return None
