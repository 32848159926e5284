"""Says a program of the intermediate form in Go: one file of functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.braced import (
    ATOM,
    PLUS,
    TIMES,
    UNARY,
    Braced,
    never_negative,
    pascal,
    quoted,
)
from agentic_diffusion_code.corpus.build import substituted
from agentic_diffusion_code.corpus.errors import UnsayableError

_PACKAGES = {"strings.": "strings", "strconv.": "strconv", "sort.": "sort", "math.": "math"}


@final
class Go(Braced):
    """One Go program."""

    language = "go"
    ternary = False
    end = ""
    unit = "\t"
    reserved = frozenset(
        [
            "range",
            "map",
            "func",
            "type",
            "var",
            "len",
            "append",
            "string",
            "int",
            "package",
            "case",
            "go",
            "copy",
            "max",
            "min",
            "strings",
            "strconv",
            "sort",
            "math",
        ]
    )
    templates: ClassVar[Mapping[str, tuple[str, int]]] = {
        "trunc": ("int([0])", ATOM),
        "float": ("float64([0])", ATOM),
        "str": ("strconv.Itoa([0])", ATOM),
        "chr": ("string(rune([0]))", ATOM),
        "is_empty": ("len([0]) == 0", 8),
        "len_str": ("len([0])", ATOM),
        "len_list": ("len([0])", ATOM),
        "len_dict": ("len([0])", ATOM),
        "repeat": ("strings.Repeat([0], [1])", ATOM),
        "in_str": ("strings.Contains([1], [0])", ATOM),
        "find": ("strings.Index([0], [1])", ATOM),
        "at": ("{0}[[1]]", ATOM),
        "at_str": ("string({0}[[1]])", ATOM),
        "lookup": ("{0}[[1]]", ATOM),
        "upper": ("strings.ToUpper([0])", ATOM),
        "lower": ("strings.ToLower([0])", ATOM),
        "strip": ("strings.TrimSpace([0])", ATOM),
        "lstrip": ('strings.TrimLeft([0], " \\t\\n")', ATOM),
        "rstrip": ('strings.TrimRight([0], " \\t\\n")', ATOM),
        "replace": ("strings.ReplaceAll([0], [1], [2])", ATOM),
        "split": ("strings.Fields([0])", ATOM),
        "split_on": ("strings.Split([0], [1])", ATOM),
        "join": ("strings.Join([1], [0])", ATOM),
        "startswith": ("strings.HasPrefix([0], [1])", ATOM),
        "endswith": ("strings.HasSuffix([0], [1])", ATOM),
        "removeprefix": ("strings.TrimPrefix([0], [1])", ATOM),
        "removesuffix": ("strings.TrimSuffix([0], [1])", ATOM),
        "count": ("strings.Count([0], [1])", ATOM),
    }

    def native(self, node: ir.Call) -> bool:
        """Whether an operation is an expression of the language."""
        if node.op == "str":
            return node.args[0].type == "int"
        special = ("ord", "div", "mod", "floordiv", "get", "in_dict", "sorted_keys", "values")
        return super().native(node) or node.op in special or node.op.startswith("sort")

    def file(self, said: str) -> str:
        """Return the file with its package and imports."""
        said += "".join(self.extras.values())
        imports = [f'import "{name}"' for mark, name in sorted(_PACKAGES.items()) if mark in said]
        return "\n".join(["package main", *imports, said])

    def name(self, name: str) -> str:
        """Return a name as the language writes it."""
        return super().name(pascal(name))

    def type_of(self, kind: ir.Type) -> str:
        """Return a type as the language writes it."""
        if kind.startswith("list["):
            return f"[]{self.type_of(ir.element_of(kind))}"
        if kind.startswith("dict["):
            return f"map[{self.type_of(ir.element_of(kind))}]{self.type_of(ir.value_of(kind))}"
        return {"int": "int", "float": "float64", "str": "string", "bool": "bool"}[kind]

    def signature(self, function: ir.Function) -> str:
        """Return the line that begins a function."""
        params = ", ".join(f"{self.name(name)} {self.type_of(kind)}" for name, kind in function.params)
        return f"func {self.name(function.name)}({params}) {self.type_of(function.returns)} {{"

    def nothing(self, kind: ir.Type) -> str:
        """Return an empty list or dictionary."""
        return f"{self.type_of(kind)}{{}}"

    def turns(self, test: ir.Expr) -> str:
        """Return the head of a loop while something holds."""
        return f"for {self.expr(test)}"

    def test(self, test: ir.Expr) -> str:
        """Return the head of a branch."""
        return f"if {self.expr(test)}"

    def let(self, node: ir.Let) -> str:
        """Return a new variable."""
        return f"{self.name(node.name)} := {self.expr(node.value)}"

    def choice(self, node: ir.Choose) -> tuple[str, int]:
        """Refuse a choice that is an expression."""
        raise UnsayableError("a choice inside an ordering")

    def compared(self, node: ir.Call) -> tuple[str, int] | None:
        """Return texts that are joined; lists and dictionaries are not compared."""
        first, second = node.args
        if node.op == "concat":
            return f"{self.expr(first, PLUS)} + {self.expr(second, PLUS + 1)}", PLUS
        if first.type.startswith(("list", "dict")):
            raise UnsayableError("a comparison of lists")
        return None

    def call(self, node: ir.Call) -> tuple[str, int]:  # noqa: C901  one branch for each form
        """Return an operation."""
        op, args = node.op, node.args
        if op == "ord":
            return f"int({self.expr(args[0], ATOM)}[0])", ATOM
        if op == "div":
            return f"float64({self.expr(args[0])}) / float64({self.expr(args[1])})", TIMES
        if op == "floordiv":
            return f"int(math.Floor(float64({self.expr(args[0])}) / float64({self.expr(args[1])})))", ATOM
        if op == "mod":
            first, second = self.expr(args[0], TIMES), self.expr(args[1], UNARY)
            if never_negative(args[0]):
                return f"{first} % {second}", TIMES
            return f"({first} % {second} + {second}) % {second}", TIMES
        if op == "list":
            return f"{self.type_of(node.type)}{{{', '.join(self.expr(arg) for arg in args)}}}", ATOM
        if op == "values":
            raise UnsayableError("values in the order of a dictionary")
        if op == "in_dict":
            return self.helped(
                "hasKey", args[1].type, (args[1], args[0]), template=_HAS, detail=args[1].type
            ), ATOM
        if op == "get":
            return self.helped("valueOr", args[0].type, args, template=_GET, detail=args[0].type), ATOM
        if op == "sorted_keys":
            return self.helped("sortedKeys", args[0].type, args, template=_KEYS, detail=args[0].type), ATOM
        if op in ("sorted", "sorted_desc"):
            way = ("sortedUp", "<") if op == "sorted" else ("sortedDown", ">")
            return self.helped(way[0], args[0].type, args, template=_SORTED, detail=way[1]), ATOM
        if op in ("sort_by", "sort_by_desc"):
            return self.ordered(node), ATOM
        return super().call(node)

    def helped(
        self, name: str, kind: ir.Type, args: tuple[ir.Expr, ...], *, template: str, detail: str
    ) -> str:
        """Return a call of a function that is written into the file once for each type."""
        inner = ir.element_of(kind)
        if kind.startswith("dict"):
            full = name + {"str": ""}.get(inner, "ByNumber") + _tail(kind)
        else:
            full = name + {"int": "", "str": "Text"}.get(inner, "Other")
        text = template.replace("NAME", full).replace("TABLE", self.type_of(kind)).replace("SIGN", detail)
        text = text.replace("ELEMENT", self.type_of(inner))
        if kind.startswith("dict"):
            text = text.replace("VALUE", self.type_of(ir.value_of(kind)))
        self.extras[full] = text
        return f"{full}({', '.join(self.expr(arg) for arg in args)})"

    def ordered(self, node: ir.Call) -> str:
        """Return a list in the order of a key."""
        source, key = node.args
        assert isinstance(key, ir.Fn)
        kind = source.type
        free = _names(key.body) - {key.var}
        if free:
            raise UnsayableError("an order by what stands outside")

        def at(place: str) -> str:
            item = ir.Call("at", (ir.Name("out", kind), ir.Name(place, "int")), key.var_type)
            return self.expr(ir.rebuild(key.body, substituted({key.var: item})), PLUS)

        sign = ">" if node.op.endswith("_desc") else "<"
        name = f"inOrder{len(self.extras) + 1}"
        self.extras[name] = (
            _ORDERED.replace("NAME", name)
            .replace("TABLE", self.type_of(kind))
            .replace("TEST", f"{at('i')} {sign} {at('j')}")
        )
        return f"{name}({self.expr(source)})"

    def loop(self, node: ir.For, depth: int) -> list[str]:
        """Return a loop."""
        pad, var, source = self.unit * depth, self.name(node.var), node.source
        more: list[str] = []
        if isinstance(source, ir.Call) and source.op == "range":
            first = self.expr(source.args[0]) if len(source.args) == 2 else "0"
            head = f"for {var} := {first}; {var} < {self.expr(source.args[-1], PLUS)}; {var}++ {{"
        elif source.type == "str":
            head = f"for _, {var}Rune := range {self.expr(source)} {{"
            more = [f"{pad}{self.unit}{var} := string({var}Rune)"]
        elif source.type.startswith("dict"):
            raise UnsayableError("the order of a dictionary")
        else:
            head = f"for _, {var} := range {self.expr(source)} {{"
        if node.var not in _read(node.body):
            if source.type == "str" and more:
                head, more = f"for range {self.expr(source)} {{", []
            elif head.startswith("for _"):
                head = f"for range {self.expr(source)} {{"
        return [f"{pad}{head}", *more, *self.body(node.body, depth + 1), f"{pad}}}"]

    def put(self, node: ir.Put) -> str:
        """Return a value that is put at a place."""
        return f"{self.name(node.name)}[{self.expr(node.key)}] = {self.expr(node.value)}"

    def push(self, node: ir.Push) -> str:
        """Return a value that is put at the end."""
        name = self.name(node.name)
        place = name if node.key is None else f"{name}[{self.expr(node.key)}]"
        return f"{place} = append({place}, {self.expr(node.value)})"

    def fail(self, message: str) -> str:
        """Return a refusal."""
        return f"panic({quoted(message)})"


_HAS = "func NAME(table TABLE, key ELEMENT) bool {\n_, found := table[key]\nreturn found\n}\n"
_GET = (
    "func NAME(table TABLE, key ELEMENT, other VALUE) VALUE {\n"
    "if value, found := table[key]; found {\nreturn value\n}\nreturn other\n}\n"
)
_KEYS = (
    "func NAME(table TABLE) []ELEMENT {\nout := []ELEMENT{}\nfor key := range table {\nout = append(out, key)\n}\n"
    "sort.Slice(out, func(i int, j int) bool {\nreturn out[i] < out[j]\n})\nreturn out\n}\n"
)
_SORTED = (
    "func NAME(items TABLE) TABLE {\nout := append(TABLE{}, items...)\n"
    "sort.Slice(out, func(i int, j int) bool {\nreturn out[i] SIGN out[j]\n})\nreturn out\n}\n"
)
_ORDERED = (
    "func NAME(items TABLE) TABLE {\nout := append(TABLE{}, items...)\n"
    "sort.SliceStable(out, func(i int, j int) bool {\nreturn TEST\n})\nreturn out\n}\n"
)


def _tail(kind: ir.Type) -> str:
    return {"int": "", "str": "ToText", "bool": "ToBool"}.get(ir.value_of(kind), "ToList")


def _names(expr: ir.Expr) -> set[str]:
    found: set[str] = set()

    def note(part: ir.Expr) -> ir.Expr:
        if isinstance(part, ir.Name):
            found.add(part.name)
        return part

    ir.rebuild(expr, note)
    return found


def _read(body: tuple[ir.Stmt, ...]) -> set[str]:
    """Return the names that statements read."""
    found: set[str] = set()

    def note(part: ir.Expr) -> ir.Expr:
        if isinstance(part, ir.Name):
            found.add(part.name)
        return part

    ir.rebuild_body(body, note)
    return found
