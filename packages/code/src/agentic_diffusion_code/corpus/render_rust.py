"""Says a program of the intermediate form in Rust: functions that own what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.braced import ATOM, COMPARE, PLUS, UNARY, Braced, quoted
from agentic_diffusion_code.corpus.errors import UnsayableError

_COPIED = frozenset({"int", "float", "bool"})


@final
class Rust(Braced):
    """One Rust program."""

    language = "rust"
    reserved = frozenset(
        ["type", "match", "fn", "mod", "ref", "move", "box", "use", "where", "loop", "in", "as", "final"]
    )
    templates: ClassVar[Mapping[str, tuple[str, int]]] = {
        "abs": ("{0}.abs()", ATOM),
        "max2": ("{0}.max([1])", ATOM),
        "min2": ("{0}.min([1])", ATOM),
        "str": ("{0}.to_string()", ATOM),
        "int": ("{0}.parse::<i64>().unwrap()", ATOM),
        "is_empty": ("{0}.is_empty()", ATOM),
        "in_str": ("{1}.contains(<0>)", ATOM),
        "in_list": ("{1}.contains(&[0])", ATOM),
        "in_dict": ("{1}.contains_key(&[0])", ATOM),
        "repeat": ("{0}.repeat(#1)", ATOM),
        "get": ("{0}.get(&[1]).cloned().unwrap_or([2])", ATOM),
        "lookup": ("{0}[&[1]].clone()", ATOM),
        "find": ("{0}.find(<1>).map_or(-1, |place_| place_ as i64)", ATOM),
        "reverse": ("{0}.iter().rev().cloned().collect::<Vec<_>>()", ATOM),
        "take": ("{0}.iter().take(#1).cloned().collect::<Vec<_>>()", ATOM),
        "drop": ("{0}.iter().skip(#1).cloned().collect::<Vec<_>>()", ATOM),
        "every": ("{0}.iter().step_by(#1).cloned().collect::<Vec<_>>()", ATOM),
        "upper": ("{0}.to_uppercase()", ATOM),
        "lower": ("{0}.to_lowercase()", ATOM),
        "strip": ("{0}.trim().to_string()", ATOM),
        "lstrip": ("{0}.trim_start().to_string()", ATOM),
        "rstrip": ("{0}.trim_end().to_string()", ATOM),
        "replace": ("{0}.replace(<1>, <2>)", ATOM),
        "reverse_str": ("{0}.chars().rev().collect::<String>()", ATOM),
        "take_str": ("{0}.chars().take(#1).collect::<String>()", ATOM),
        "drop_str": ("{0}.chars().skip(#1).collect::<String>()", ATOM),
        "every_str": ("{0}.chars().step_by(#1).collect::<String>()", ATOM),
        "at_str": ("{0}.chars().nth(#1).unwrap().to_string()", ATOM),
        "split": ("{0}.split_whitespace().map(|part_| part_.to_string()).collect::<Vec<String>>()", ATOM),
        "split_on": ("{0}.split(<1>).map(|part_| part_.to_string()).collect::<Vec<String>>()", ATOM),
        "join": ("{1}.join(<0>)", ATOM),
        "startswith": ("{0}.starts_with(<1>)", ATOM),
        "endswith": ("{0}.ends_with(<1>)", ATOM),
    }

    def native(self, node: ir.Call) -> bool:
        """Whether an operation is an expression of the language."""
        if node.op in ("str", "max2", "min2", "abs", "pow"):
            return node.args[0].type == "int"
        special = ("pow", "div", "mod", "floordiv", "trunc", "float", "ord", "chr", "at", "sorted_keys")
        return super().native(node) or node.op in special or node.op.startswith(("sort", "len_", "count"))

    def file(self, said: str) -> str:
        """Return the file with what it imports."""
        names = [name for name in ("HashMap", "HashSet") if name in said]
        imports = [f"use std::collections::{name};" for name in names]
        return "\n".join([*imports, said])

    def type_of(self, kind: ir.Type) -> str:
        """Return a type as the language writes it."""
        if kind.startswith("list["):
            return f"Vec<{self.type_of(ir.element_of(kind))}>"
        if kind.startswith("dict["):
            return f"HashMap<{self.type_of(ir.element_of(kind))}, {self.type_of(ir.value_of(kind))}>"
        return {"int": "i64", "float": "f64", "str": "String", "bool": "bool"}[kind]

    def signature(self, function: ir.Function) -> str:
        """Return the line that begins a function."""
        params = ", ".join(f"{self.name(name)}: {self.type_of(kind)}" for name, kind in function.params)
        return f"fn {self.name(function.name)}({params}) -> {self.type_of(function.returns)} {{"

    def opening(self, function: ir.Function) -> list[str]:
        """Make what is changed one's own."""
        changed = [self.name(name) for name, _ in function.params if name in self.changed]
        return [f"{self.unit}let mut {name} = {name};" for name in changed]

    def nothing(self, kind: ir.Type) -> str:
        """Return an empty list or dictionary."""
        return "HashMap::new()" if kind.startswith("dict") else "Vec::new()"

    def literal(self, node: ir.Lit) -> tuple[str, int]:
        """Return a constant; texts are owned."""
        text, level = super().literal(node)
        return (f"{text}.to_string()" if node.type == "str" else text), level

    def given(self, node: ir.Expr) -> str:
        """Return an argument that is handed over: what is not copied by itself is cloned."""
        return self.expr(node)

    def parts(self, node: ir.Expr) -> tuple[str, int]:
        """Return an expression and how tightly it binds; names give a copy."""
        text, level = super().parts(node)
        if isinstance(node, ir.Name) and node.type not in _COPIED:
            return f"{text}.clone()", ATOM
        return text, level

    def dotted(self, node: ir.Expr) -> str:
        """Return an argument that a point follows, without a copy."""
        if isinstance(node, ir.Name):
            return self.name(node.name)
        if isinstance(node, ir.Lit) and isinstance(node.value, str):
            return quoted(node.value)
        if isinstance(node, ir.Lit) and node.type == "int":
            return (
                f"{node.value}_i64"
                if isinstance(node.value, int) and node.value >= 0
                else f"({node.value}_i64)"
            )
        return self.expr(node, ATOM)

    def seen(self, node: ir.Expr) -> str:
        """Return a text that is only looked at."""
        if isinstance(node, ir.Lit):
            return quoted(str(node.value))
        return f"{self.dotted(node)}.as_str()"

    def index(self, node: ir.Expr) -> str:
        """Return an argument that says a place."""
        return str(node.value) if isinstance(node, ir.Lit) else f"{self.expr(node, ATOM)} as usize"

    def choice(self, node: ir.Choose) -> tuple[str, int]:
        """Return one of two values; a whole number says its type."""
        whole = isinstance(node.yes, ir.Lit) and node.type == "int"
        yes = self.dotted(node.yes) if whole else self.expr(node.yes)
        return f"(if {self.expr(node.test)} {{ {yes} }} else {{ {self.expr(node.no)} }})", ATOM

    def turns(self, test: ir.Expr) -> str:
        """Return the head of a loop while something holds."""
        return "loop" if test == ir.Lit(True, "bool") else f"while {self.expr(test)}"

    def test(self, test: ir.Expr) -> str:
        """Return the head of a branch."""
        return f"if {self.expr(test)}"

    def simple(self, node: ir.Stmt) -> str:
        """Return a statement of one line; what is returned is given away, not copied."""
        if isinstance(node, ir.Return) and isinstance(node.value, ir.Name):
            return f"return {self.name(node.value.name)}"
        return super().simple(node)

    def let(self, node: ir.Let) -> str:
        """Return a new variable."""
        mutable = "mut " if node.name in self.changed else ""
        kind = self.type_of(node.value.type)
        return f"let {mutable}{self.name(node.name)}: {kind} = {self.expr(node.value)}"

    def assign(self, node: ir.Set) -> str:
        """Return a new value of a variable."""
        value = node.value
        if isinstance(value, ir.Call) and value.op == "concat":
            first, second = value.args
            if isinstance(first, ir.Name) and first.name == node.name:
                return f"{self.name(node.name)} += &{self.expr(second, ATOM)}"
        return super().assign(node)

    def compared(self, node: ir.Call) -> tuple[str, int] | None:
        """Return a comparison of texts, or texts that are joined."""
        first, second = node.args
        if node.op == "concat":
            pieces = _pieces(node)
            said = ", ".join(self.dotted(piece) for piece in pieces)
            return f'format!("{"{}" * len(pieces)}", {said})', ATOM
        if first.type in _COPIED:
            return None
        sign = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}[node.op]
        if first.type == "str":
            return f"{self.seen(first)} {sign} {self.seen(second)}", COMPARE
        if node.op not in ("eq", "ne"):
            raise UnsayableError("an order of lists")
        return f"{self.dotted(first)} {sign} {self.dotted(second)}", COMPARE

    def floored(self, op: str, args: Sequence[ir.Expr]) -> str:
        """Return a division by what may be negative: what remains has the sign of the divisor, as in Python."""
        first, second = args
        if not isinstance(second, ir.Name) or (op == "floordiv" and not isinstance(first, ir.Name)):
            raise UnsayableError("a division by what may be negative")
        value, by = self.expr(first, ATOM), self.expr(second, ATOM)
        rest = f"(({value} % {by} + {by}) % {by})"
        return rest if op == "mod" else f"(({value} - {rest}) / {by})"

    def call(self, node: ir.Call) -> tuple[str, int]:  # noqa: C901  one branch for each form
        """Return an operation."""
        op, args = node.op, node.args
        if op == "div":
            return f"(({self.expr(args[0])}) as f64 / ({self.expr(args[1])}) as f64)", ATOM
        if op in ("mod", "floordiv"):
            if not (isinstance(args[1], ir.Lit) and isinstance(args[1].value, int) and args[1].value > 0):
                return self.floored(op, args), ATOM
            way = "rem_euclid" if op == "mod" else "div_euclid"
            return f"{self.dotted(args[0])}.{way}({self.expr(args[1])})", ATOM
        if op == "pow":
            times = args[1].value if isinstance(args[1], ir.Lit) else f"{self.expr(args[1], ATOM)} as u32"
            return f"{self.dotted(args[0])}.pow({times})", ATOM
        if op in ("trunc", "float"):
            return f"({self.expr(args[0], UNARY)} as {'i64' if op == 'trunc' else 'f64'})", ATOM
        if op == "ord":
            return f"({self.dotted(args[0])}.as_bytes()[0] as i64)", ATOM
        if op == "chr":
            return f"(({self.expr(args[0], UNARY)} as u8) as char).to_string()", ATOM
        if op.startswith("len_"):
            return f"({self.dotted(args[0])}.len() as i64)", ATOM
        if op == "count":
            return f"({self.dotted(args[0])}.matches({self.seen(args[1])}).count() as i64)", ATOM
        if op == "count_list":
            wanted = self.dotted(args[1]) if isinstance(args[1], ir.Name) else self.expr(args[1])
            return f"({self.dotted(args[0])}.iter().filter(|each_| **each_ == {wanted}).count() as i64)", ATOM
        if op == "at":
            copied = "" if node.type in _COPIED else ".clone()"
            return f"{self.dotted(args[0])}[{self.index(args[1])}]{copied}", ATOM
        if op == "list":
            return f"vec![{', '.join(self.expr(arg) for arg in args)}]", ATOM
        if op.startswith("sort"):
            return self.ordered(node), ATOM
        return super().call(node)

    def ordered(self, node: ir.Call) -> str:
        """Return a sorted copy."""
        source = self.dotted(node.args[0])
        if node.op == "sorted_keys":
            return f"({{ let mut keys_: Vec<_> = {source}.keys().cloned().collect(); keys_.sort(); keys_ }})"
        start = f"let mut sorted_ = {source}.to_vec();"
        if node.op == "sorted" and node.args[0].type == "str":
            raise UnsayableError("the sorted letters of a text")
        if node.op in ("sorted", "sorted_desc"):
            how = "sorted_.sort();" if node.op == "sorted" else "sorted_.sort_by(|a_, b_| b_.cmp(a_));"
            return f"({{ {start} {how} sorted_ }})"
        key = node.args[1]
        assert isinstance(key, ir.Fn)
        said = self.expr(key.body)
        said = f"std::cmp::Reverse({said})" if node.op.endswith("_desc") else said
        how = f"|each_| {{ let {self.name(key.var)} = each_.clone(); {said} }}"
        return f"({{ {start} sorted_.sort_by_key({how}); sorted_ }})"

    def loop(self, node: ir.For, depth: int) -> list[str]:
        """Return a loop."""
        pad, var, source = self.unit * depth, self.name(node.var), node.source
        if isinstance(source, ir.Call) and source.op == "range":
            first = self.expr(source.args[0], PLUS) if len(source.args) == 2 else "0"
            head = f"for {var} in {first}..{self.expr(source.args[-1], PLUS)} {{"
        elif source.type == "str":
            letters = ".chars().map(|letter_| letter_.to_string()).collect::<Vec<String>>()"
            head = f"for {var} in {self.dotted(source)}{letters} {{"
        elif source.type.startswith("dict"):
            raise UnsayableError("the order of a dictionary")
        else:
            head = f"for {var} in {self.expr(source)} {{"
        return [f"{pad}{head}", *self.body(node.body, depth + 1), f"{pad}}}"]

    def put(self, node: ir.Put) -> str:
        """Return a value that is put at a place."""
        name, value = self.name(node.name), self.expr(node.value)
        if node.type.startswith("dict"):
            return f"{name}.insert({self.expr(node.key)}, {value})"
        return f"{name}[{self.index(node.key)}] = {value}"

    def push(self, node: ir.Push) -> str:
        """Return a value that is put at the end."""
        name, value = self.name(node.name), self.expr(node.value)
        if node.key is None:
            return f"{name}.push({value})"
        return f"{name}.entry({self.expr(node.key)}).or_insert_with(Vec::new).push({value})"

    def fail(self, message: str) -> str:
        """Return a refusal."""
        return f"panic!({quoted(message.replace('{', '{{').replace('}', '}}'))})"


def _pieces(node: ir.Expr) -> list[ir.Expr]:
    """Return the texts that are joined, from left to right."""
    if isinstance(node, ir.Call) and node.op == "concat":
        return [*_pieces(node.args[0]), *_pieces(node.args[1])]
    return [node]
