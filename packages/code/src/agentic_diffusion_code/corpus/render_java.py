"""Says a program of the intermediate form in Java: static methods of one class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.braced import ATOM, COMPARE, PLUS, TIMES, UNARY, Braced, pascal, quoted
from agentic_diffusion_code.corpus.errors import UnsayableError

_COLLECT = ".collect(Collectors.toList())"
_BOXED = {"int": "Long", "float": "Double", "bool": "Boolean", "str": "String"}
_PLAIN = {"int": "long", "float": "double", "bool": "boolean", "str": "String"}


@final
class Java(Braced):
    """One Java program."""

    language = "java"
    reserved = frozenset(
        ["double", "case", "char", "long", "short", "byte", "new", "default", "final", "class", "switch"]
    )
    templates: ClassVar[Mapping[str, tuple[str, int]]] = {
        "mod": ("Math.floorMod([0], [1])", ATOM),
        "floordiv": ("Math.floorDiv([0], [1])", ATOM),
        "abs": ("Math.abs([0])", ATOM),
        "max2": ("Math.max([0], [1])", ATOM),
        "min2": ("Math.min([0], [1])", ATOM),
        "trunc": ("(long) {0}", UNARY),
        "float": ("(double) {0}", UNARY),
        "str": ("String.valueOf([0])", ATOM),
        "int": ("Long.parseLong([0])", ATOM),
        "ord": ("(long) {0}.charAt(0)", UNARY),
        "chr": ("String.valueOf((char) {0})", ATOM),
        "is_empty": ("{0}.isEmpty()", ATOM),
        "len_str": ("(long) {0}.length()", UNARY),
        "len_list": ("(long) {0}.size()", UNARY),
        "len_dict": ("(long) {0}.size()", UNARY),
        "repeat": ("{0}.repeat(#1)", ATOM),
        "in_str": ("{1}.contains([0])", ATOM),
        "in_list": ("{1}.contains([0])", ATOM),
        "in_dict": ("{1}.containsKey([0])", ATOM),
        "index": ("(long) {0}.indexOf([1])", UNARY),
        "find": ("(long) {0}.indexOf([1])", UNARY),
        "get": ("{0}.getOrDefault([1], [2])", ATOM),
        "unique": (f"{{0}}.stream().distinct(){_COLLECT}", ATOM),
        "sorted": (f"{{0}}.stream().sorted(){_COLLECT}", ATOM),
        "sorted_desc": (f"{{0}}.stream().sorted(Comparator.reverseOrder()){_COLLECT}", ATOM),
        "sorted_keys": (f"{{0}}.keySet().stream().sorted(){_COLLECT}", ATOM),
        "values": ("new ArrayList<>({0}.values())", ATOM),
        "take": (f"{{0}}.stream().limit([1]){_COLLECT}", ATOM),
        "drop": (f"{{0}}.stream().skip([1]){_COLLECT}", ATOM),
        "count_list": ("(long) Collections.frequency([0], [1])", UNARY),
        "upper": ("{0}.toUpperCase()", ATOM),
        "lower": ("{0}.toLowerCase()", ATOM),
        "strip": ("{0}.strip()", ATOM),
        "lstrip": ("{0}.stripLeading()", ATOM),
        "rstrip": ("{0}.stripTrailing()", ATOM),
        "replace": ("{0}.replace([1], [2])", ATOM),
        "reverse_str": ("new StringBuilder([0]).reverse().toString()", ATOM),
        "split_on": ("Arrays.asList({0}.split(Pattern.quote([1]), -1))", ATOM),
        "join": ("String.join([0], [1])", ATOM),
        "startswith": ("{0}.startsWith([1])", ATOM),
        "endswith": ("{0}.endsWith([1])", ATOM),
    }

    def native(self, node: ir.Call) -> bool:
        """Whether an operation is an expression of the language."""
        if node.op in ("str", "max2", "min2", "abs"):
            return node.args[0].type == "int"
        return super().native(node) or node.op in ("div", "at", "at_str", "lookup", "sort_by", "sort_by_desc")

    def file(self, said: str) -> str:
        """Return the class with what it imports."""
        lines = ["class Solution {", *(f"    {line}" for line in said.splitlines()), "}"]
        imports = ["import java.util.*;"]
        imports += ["import java.util.regex.Pattern;"] if "Pattern." in said else []
        imports += ["import java.util.stream.Collectors;"] if "Collectors." in said else []
        needed = imports if any(word in said for word in ("List<", "Map<", "Arrays.", "Collections.")) else []
        return "\n".join([*needed, *lines])

    def name(self, name: str) -> str:
        """Return a name as the language writes it."""
        return super().name(pascal(name))

    def type_of(self, kind: ir.Type) -> str:
        """Return a type as the language writes it."""
        return _PLAIN.get(kind) or _boxed(kind)

    def signature(self, function: ir.Function) -> str:
        """Return the line that begins a function."""
        params = ", ".join(f"{self.type_of(kind)} {self.name(name)}" for name, kind in function.params)
        return f"static {self.type_of(function.returns)} {self.name(function.name)}({params}) {{"

    def literal(self, node: ir.Lit) -> tuple[str, int]:
        """Return a constant; whole numbers are long."""
        text, level = super().literal(node)
        return (f"{text}L" if node.type == "int" else text), level

    def nothing(self, kind: ir.Type) -> str:
        """Return an empty list or dictionary."""
        return "new LinkedHashMap<>()" if kind.startswith("dict") else "new ArrayList<>()"

    def index(self, node: ir.Expr) -> str:
        """Return an argument that says a place."""
        if isinstance(node, ir.Lit):
            return str(node.value)
        return f"(int) {self.expr(node, ATOM)}"

    def dotted(self, node: ir.Expr) -> str:
        """Return an argument that a point follows."""
        return self.expr(node, ATOM)

    def compared(self, node: ir.Call) -> tuple[str, int] | None:
        """Return a comparison of texts or lists, or texts that are joined."""
        first, second = node.args
        if node.op == "concat":
            return f"{self.expr(first, PLUS)} + {self.expr(second, PLUS + 1)}", PLUS
        if first.type in ("int", "float", "bool"):
            return None
        if node.op in ("eq", "ne"):
            said = f"{self.expr(first, ATOM)}.equals({self.expr(second)})"
            return (f"!{said}", UNARY) if node.op == "ne" else (said, ATOM)
        if first.type != "str":
            raise UnsayableError("an order of lists")
        sign = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}[node.op]
        return f"{self.expr(first, ATOM)}.compareTo({self.expr(second)}) {sign} 0", COMPARE

    def call(self, node: ir.Call) -> tuple[str, int]:
        """Return an operation."""
        op, args = node.op, node.args
        if op == "div":
            return f"(double) {self.expr(args[0], UNARY)} / {self.expr(args[1], UNARY)}", TIMES
        if op == "at":
            return self.unboxed(f"{self.expr(args[0], ATOM)}.get({self.index(args[1])})", node.type)
        if op == "lookup":
            return self.unboxed(f"{self.expr(args[0], ATOM)}.get({self.expr(args[1])})", node.type)
        if op == "get" and node.type == "int":
            return self.unboxed(super().call(node)[0], "int")
        if op == "at_str":
            return f"String.valueOf({self.expr(args[0], ATOM)}.charAt({self.index(args[1])}))", ATOM
        if op == "list":
            return f"new ArrayList<>(List.of({', '.join(self.expr(arg) for arg in args)}))", ATOM
        if op in ("sort_by", "sort_by_desc"):
            return self.ordered(node), ATOM
        return super().call(node)

    def unboxed(self, text: str, kind: ir.Type) -> tuple[str, int]:
        """Return what a collection holds as a plain value: two boxes are never compared."""
        return (f"({self.type_of(kind)}) {text}", UNARY) if kind in ("int", "float", "bool") else (text, ATOM)

    def ordered(self, node: ir.Call) -> str:
        """Return a list in the order of a key."""
        key = node.args[1]
        assert isinstance(key, ir.Fn)
        inner = ir.Fn(key.var, key.var_type, key.body, key.type)
        reverse = ", Comparator.reverseOrder()" if node.op == "sort_by_desc" else ""
        how = f"Comparator.comparing(({_boxed(key.var_type)} {self.name(key.var)}) -> {self.expr(inner.body)}{reverse})"
        return f"{self.expr(node.args[0], ATOM)}.stream().sorted({how}){_COLLECT}"

    def loop(self, node: ir.For, depth: int) -> list[str]:
        """Return a loop."""
        pad, var, source = self.unit * depth, self.name(node.var), node.source
        kind = self.type_of(ir.element_of(source.type))
        more: list[str] = []
        if isinstance(source, ir.Call) and source.op == "range":
            first = self.expr(source.args[0]) if len(source.args) == 2 else "0L"
            head = f"for (long {var} = {first}; {var} < {self.expr(source.args[-1], PLUS)}; {var}++) {{"
        elif source.type == "str":
            head = f"for (char {var}Char : {self.expr(source, ATOM)}.toCharArray()) {{"
            more = [f"{pad}{self.unit}String {var} = String.valueOf({var}Char);"]
        elif source.type.startswith("dict"):
            head = f"for ({kind} {var} : {self.expr(source, ATOM)}.keySet()) {{"
        else:
            head = f"for ({kind} {var} : {self.expr(source)}) {{"
        return [f"{pad}{head}", *more, *self.body(node.body, depth + 1), f"{pad}}}"]

    def put(self, node: ir.Put) -> str:
        """Return a value that is put at a place."""
        name, value = self.name(node.name), self.expr(node.value)
        if node.type.startswith("dict"):
            return f"{name}.put({self.expr(node.key)}, {value})"
        return f"{name}.set({self.index(node.key)}, {value})"

    def push(self, node: ir.Push) -> str:
        """Return a value that is put at the end."""
        name, value = self.name(node.name), self.expr(node.value)
        if node.key is None:
            return f"{name}.add({value})"
        return f"{name}.computeIfAbsent({self.expr(node.key)}, (missing) -> new ArrayList<>()).add({value})"

    def fail(self, message: str) -> str:
        """Return a refusal."""
        return f"throw new IllegalArgumentException({quoted(message)})"


def _boxed(kind: ir.Type) -> str:
    if kind.startswith("list["):
        return f"List<{_boxed(ir.element_of(kind))}>"
    if kind.startswith("dict["):
        return f"Map<{_boxed(ir.element_of(kind))}, {_boxed(ir.value_of(kind))}>"
    return _BOXED[kind]
