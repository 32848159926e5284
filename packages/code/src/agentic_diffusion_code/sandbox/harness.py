"""Writes the program around a compiled function that calls it and prints what it answers, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .harness_java import java
from .literals import filled, numeral, octal, text
from .shapes import Head, Kind, inside


class Around(Protocol):
    """Gives the whole program around a function."""

    def __call__(
        self, source: str, entry: str, head: Head, *, calls: Sequence[Sequence[Any]], mark: str
    ) -> str:
        """Return a program that reads from stdin which call is the first, and prints what each answers.

        Args:
            source: What declares the function.
            entry: Its name.
            head: Its parameters and what it answers.
            calls: The arguments of every call.
            mark: What each line of an answer begins with.
        """
        ...


@dataclass(frozen=True)
class Harness:
    """How one language is called.

    Args:
        program: Gives the whole program.
        taken: What a program must not define itself.
    """

    program: Around
    taken: str


def _go_type(kind: Kind) -> str:
    plain = {"int": "int", "float": "float64", "bool": "bool", "str": "string"}
    if kind in plain:
        return plain[kind]
    parts = [_go_type(each) for each in inside(kind)]
    return f"[]{parts[0]}" if len(parts) == 1 else f"map[{parts[0]}]{parts[1]}"


def _go_value(value: Any, kind: Kind) -> str:
    if kind == "str":
        return text(value, lambda c: f"\\U{ord(c):08x}")
    if kind == "bool":
        return str(value).lower()
    if kind in ("int", "float"):
        return numeral(value, kind)
    if kind.startswith("list["):
        return f"{_go_type(kind)}{{{', '.join(_go_value(item, kind[5:-1]) for item in value)}}}"
    key, inner = inside(kind)
    pairs = ", ".join(f"{_go_value(k, key)}: {_go_value(v, inner)}" for k, v in value.items())
    return f"{_go_type(kind)}{{{pairs}}}"


_GO = """
func fenceOne(number int, call func() interface{}) {
	defer func() {
		if reason := recover(); reason != nil {
			name := "panic"
			if _, fault := reason.(error); fault {
				name = "runtime error"
			}
			told, _ := fenceJson.Marshal([]string{name, fenceFmt.Sprint(reason)})
			fenceFmt.Printf("\\n@MARK@ %d raised %s\\n", number, told)
		}
	}()
	told, fault := fenceJson.Marshal(call())
	if fault != nil {
		panic(fault)
	}
	fenceFmt.Printf("\\n@MARK@ %d ok %s\\n", number, told)
}
@CALLS@
func main() {
	first := 0
	fenceFmt.Scan(&first)
@RUNS@
}
"""


def _go(source: str, entry: str, head: Head, *, calls: Sequence[Sequence[Any]], mark: str) -> str:
    imports = '\nimport fenceJson "encoding/json"\nimport fenceFmt "fmt"\n'
    made, runs = [], []
    for number, arguments in enumerate(calls):
        said = []
        for value, (written, kind) in zip(arguments, head.params, strict=True):
            told = _go_value(value, kind)
            said.append(f"int64({told})" if written == "int64" else told)
        made.append(f"func fenceCall{number}() interface{{}} {{ return {entry}({', '.join(said)}) }}")
        runs.append(f"\tif first <= {number} {{ fenceOne({number}, fenceCall{number}) }}")
    head_line = re.search(r"^package\s+\w+[^\n]*\n", source, re.MULTILINE)
    end = head_line.end() if head_line else 0
    return (
        source[:end]
        + imports
        + source[end:]
        + filled(_GO, mark=mark, calls="\n".join(made), runs="\n".join(runs))
    )


def _rust_value(value: Any, kind: Kind, written: str = "") -> str:
    if kind == "str":
        said = text(value, lambda c: f"\\u{{{ord(c):x}}}")
        return said if written == "&str" else f"{said}.to_string()"
    if kind == "bool":
        return str(value).lower()
    if kind in ("int", "float"):
        return numeral(value, kind)
    if kind.startswith("list["):
        items = f"vec![{', '.join(_rust_value(item, kind[5:-1]) for item in value)}]"
        return f"&{items}" if written.startswith("&[") else items
    key, inner = inside(kind)
    pairs = ", ".join(f"({_rust_value(k, key)}, {_rust_value(v, inner)})" for k, v in value.items())
    return f"[{pairs}].into_iter().collect()"


_RUST = """
mod fence {
    pub trait Show { fn show(&self) -> String; }
    impl Show for i64 { fn show(&self) -> String { self.to_string() } }
    impl Show for f64 { fn show(&self) -> String { format!("{:?}", self) } }
    impl Show for bool { fn show(&self) -> String { self.to_string() } }
    impl Show for str {
        fn show(&self) -> String {
            let mut out = String::from("\\"");
            for c in self.encode_utf16() {
                let plain = (32..127).contains(&c) && c != 34 && c != 92;
                out += &(if plain { (c as u8 as char).to_string() } else { format!("\\\\u{:04x}", c) });
            }
            out.push('"');
            out
        }
    }
    impl Show for String { fn show(&self) -> String { self.as_str().show() } }
    impl<T: Show> Show for Vec<T> {
        fn show(&self) -> String { format!("[{}]", self.iter().map(|each| each.show()).collect::<Vec<_>>().join(",")) }
    }
    fn all(pairs: Vec<String>) -> String { format!("{{{}}}", pairs.join(",")) }
    fn pair<K: ToString, V: Show>(k: &K, v: &V) -> String { format!("{}:{}", k.to_string().show(), v.show()) }
    impl<K: ToString, V: Show> Show for std::collections::HashMap<K, V> {
        fn show(&self) -> String { all(self.iter().map(|(k, v)| pair(k, v)).collect()) }
    }
    impl<K: ToString, V: Show> Show for std::collections::BTreeMap<K, V> {
        fn show(&self) -> String { all(self.iter().map(|(k, v)| pair(k, v)).collect()) }
    }
    pub fn one<T: Show>(number: usize, call: fn() -> T) {
        match std::panic::catch_unwind(call) {
            Ok(value) => println!("\\n@MARK@ {} ok {}", number, value.show()),
            Err(reason) => {
                let said = reason.downcast_ref::<String>().cloned()
                    .or_else(|| reason.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default();
                println!("\\n@MARK@ {} raised [{},{}]", number, "panic".show(), said.show());
            }
        }
    }
}
@CALLS@
fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let first: usize = line.trim().parse().unwrap();
@RUNS@
}
"""


def _rust(source: str, entry: str, head: Head, *, calls: Sequence[Sequence[Any]], mark: str) -> str:
    made, runs = [], []
    for number, arguments in enumerate(calls):
        said = [
            _rust_value(v, kind, written) for v, (written, kind) in zip(arguments, head.params, strict=True)
        ]
        made.append(f"fn fence_call{number}() -> {head.returns[0]} {{ {entry}({', '.join(said)}) }}")
        runs.append(f"    if first <= {number} {{ fence::one({number}, fence_call{number}); }}")
    return source + filled(_RUST, mark=mark, calls="\n".join(made), runs="\n".join(runs))


def _c_value(value: Any, kind: Kind) -> str:
    if kind == "str":
        return text(value, octal)
    if kind == "bool":
        return str(value).lower()
    if kind in ("int", "float"):
        return f"{value}L" if kind == "int" else numeral(value, kind)
    inner = kind[5:-1]
    made = {"int": "long", "float": "double", "bool": "bool", "str": "const char *"}[inner]
    items = ", ".join(_c_value(item, inner) for item in value) or "0"
    array = "const char *const" if inner == "str" else f"const {made}"
    return f"({array}[]){{{items}}}, {len(value)}"


_C = """
static void fence_text(const char *text) {
  putchar('"');
  for (; *text; text++) {
    unsigned char c = (unsigned char) *text;
    if (c < 32 || c == '"' || c == '\\\\') printf("\\\\u%04x", c); else putchar(c);
  }
  putchar('"');
}
int main(void) {
  int first = 0;
  if (scanf("%d", &first) != 1) return 2;
  (void) fence_text;
@RUNS@
  return 0;
}
"""


def _c(source: str, entry: str, head: Head, *, calls: Sequence[Sequence[Any]], mark: str) -> str:
    show = {
        "int": 'printf("%ld", (long) ({0}))',
        "float": 'printf("%.17g", ({0}))',
        "bool": 'printf("%s", ({0}) ? "true" : "false")',
        "str": "fence_text({0})",
    }[head.returns[1]]
    runs = []
    for number, arguments in enumerate(calls):
        said = ", ".join(
            _c_value(value, kind) for value, (_, kind) in zip(arguments, head.params, strict=True)
        )
        shown = show.replace("{0}", f"{entry}({said})")
        runs.append(
            f'  if (first <= {number}) {{ printf("\\n{mark} {number} ok "); {shown}; printf("\\n"); fflush(stdout); }}'
        )
    includes = "#include <stdbool.h>\n#include <stdio.h>\n"
    return includes + source + filled(_C, mark=mark, calls="", runs="\n".join(runs))


HARNESSES: Mapping[str, Harness] = {
    "java": Harness(java, r"\bclass\s+Main\b"),
    "go": Harness(_go, r"\bfunc\s+main\s*\("),
    "rust": Harness(_rust, r"\bfn\s+main\s*\("),
    "c": Harness(_c, r"\bmain\s*\("),
}


def read_line(line: str, mark: str) -> tuple[int, str, Any] | None:
    """Return the number of a call, `ok` or `raised`, and what is told; None for a line of the program's own."""
    found = re.fullmatch(rf"{mark} (\d{{1,5}}) (ok|raised) (.*)", line)
    if found is None:
        return None
    try:
        return int(found.group(1)), found.group(2), json.loads(found.group(3))
    except (ValueError, RecursionError):
        return int(found.group(1)), "raised", ["an answer that is no JSON", found.group(3)[:100]]
