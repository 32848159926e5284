"""The program around a function in Java: it calls it and prints what it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .literals import filled, numeral, text
from .shapes import Head, Kind, inside


def _utf16(letter: str) -> str:
    raw = letter.encode("utf-16-be")
    return "".join(f"\\u{raw[i]:02x}{raw[i + 1]:02x}" for i in range(0, len(raw), 2))


def _java_value(value: Any, kind: Kind) -> str:
    if kind == "str":
        # a unit of UTF-16 that ends a line would end the literal
        return text(value, lambda c: f"\\{ord(c):03o}" if ord(c) < 32 or ord(c) == 127 else _utf16(c))
    if kind == "bool":
        return str(value).lower()
    if kind == "int":
        return f"{value}L" if value >= -(1 << 63) + 1 else "Long.MIN_VALUE"
    if kind == "float":
        return numeral(value, kind)
    if kind.startswith("list["):
        items = ", ".join(_java_value(item, kind[5:-1]) for item in value)
        return f"new java.util.ArrayList<{_boxed(kind[5:-1])}>(java.util.Arrays.asList({items}))"
    key, inner = inside(kind)
    puts = "".join(f"put({_java_value(k, key)}, {_java_value(v, inner)});" for k, v in value.items())
    return f"new java.util.LinkedHashMap<{_boxed(key)}, {_boxed(inner)}>() {{{{ {puts} }}}}"


def _boxed(kind: Kind) -> str:
    plain = {"int": "Long", "float": "Double", "bool": "Boolean", "str": "String"}
    if kind in plain:
        return plain[kind]
    parts = [_boxed(each) for each in inside(kind)]
    return f"java.util.List<{parts[0]}>" if len(parts) == 1 else f"java.util.Map<{parts[0]}, {parts[1]}>"


_JAVA = """
class Main {
  interface Call { Object get(); }
  static String show(Object v) {
    if (v == null) return "null";
    if (v instanceof String) {
      StringBuilder out = new StringBuilder("\\"");
      for (char c : ((String) v).toCharArray()) {
        boolean plain = c >= 32 && c < 127 && c != '"' && c != '\\\\';
        out.append(plain ? String.valueOf(c) : String.format("\\\\u%04x", (int) c));
      }
      return out.append("\\"").toString();
    }
    if (v instanceof java.util.Collection) {
      StringBuilder out = new StringBuilder("[");
      for (Object each : (java.util.Collection<?>) v) { if (out.length() > 1) out.append(","); out.append(show(each)); }
      return out.append("]").toString();
    }
    if (v instanceof java.util.Map) {
      StringBuilder out = new StringBuilder("{");
      for (java.util.Map.Entry<?, ?> each : ((java.util.Map<?, ?>) v).entrySet()) {
        if (out.length() > 1) out.append(",");
        out.append(show(String.valueOf(each.getKey()))).append(":").append(show(each.getValue()));
      }
      return out.append("}").toString();
    }
    return String.valueOf(v);
  }
  static void one(int number, Call call) {
    String said;
    try { said = "ok " + show(call.get()); }
    catch (Throwable t) {
      said = "raised " + show(java.util.List.of(t.getClass().getSimpleName(), String.valueOf(t.getMessage())));
    }
    System.out.println("\\n@MARK@ " + number + " " + said);
    System.out.flush();
  }
@CALLS@
  public static void main(String[] args) {
    int first = new java.util.Scanner(System.in).nextInt();
@RUNS@
  }
}
"""


def java(source: str, entry: str, head: Head, *, calls: Sequence[Sequence[Any]], mark: str) -> str:
    """Return the program: a source and a class that calls its function."""
    owner = re.search(r"\bclass\s+(\w+)", source)
    name = f"{owner.group(1)}.{entry}" if owner else entry
    kinds = [kind for _, kind in head.params]
    made = []
    for number, arguments in enumerate(calls):
        said = []
        for value, (written, kind) in zip(arguments, head.params, strict=True):
            narrow = "(int) " if written in ("int", "Integer") else ""
            said.append(narrow + _java_value(value, kind))
        made.append(f"  static Object call{number}() {{ return {name}({', '.join(said)}); }}")
    assert len(kinds) == len(head.params)
    runs = "\n".join(f"    if (first <= {n}) one({n}, Main::call{n});" for n in range(len(calls)))
    return source + filled(_JAVA, mark=mark, calls="\n".join(made), runs=runs)
