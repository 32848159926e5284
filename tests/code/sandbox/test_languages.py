import time
from dataclasses import replace

import pytest
from agentic_diffusion_code.sandbox import Limits, ProcessSandbox
from agentic_diffusion_code.sandbox import languages as tongues
from agentic_diffusion_code.sandbox.session import Session

HELLO = {
    "python": "print('hello', input())",
    "javascript": "console.log('hello ' + require('fs').readFileSync(0, 'utf8').trim())",
    "typescript": "declare var require: any;\nconst s: string = require('fs').readFileSync(0, 'utf8');\n"
    "console.log('hello ' + s.trim());",
    "java": "public class Main { public static void main(String[] a) {\n"
    'System.out.println("hello " + new java.util.Scanner(System.in).nextLine()); } }',
    "go": 'package main\nimport "fmt"\nfunc main() { var s string; fmt.Scan(&s); fmt.Println("hello", s) }',
    "rust": "fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap();\n"
    'println!("hello {}", s.trim()); }',
    "c": '#include <stdio.h>\nint main(void) { char s[99]; scanf("%98s", s); printf("hello %s\\n", s); }',
}
BROKEN = {"c": "int main( {", "java": "class {", "rust": "fn main( {", "typescript": "const x: number = 'a'"}


def needs(language):
    if tongues.toolchain(language) is None:
        pytest.skip(f"no {language} toolchain on this machine")


@pytest.mark.parametrize("language", HELLO)
def test_every_language_says_hello(fence, language):
    needs(language)
    run = fence.run(HELLO[language], language=language, stdin="world\n", limits=Limits(wall_seconds=20))
    assert (run.status, run.stdout) == ("ok", "hello world\n"), run.stderr
    assert run.exit_code == 0
    assert run.peak_memory_bytes > 0


@pytest.mark.parametrize("language", BROKEN)
def test_what_does_not_compile(fence, language):
    needs(language)
    run = fence.run(BROKEN[language], language=language)
    assert run.status == "compile_error"
    assert run.stderr or run.stdout


def test_a_missing_toolchain_is_said(fence, monkeypatch):
    monkeypatch.setitem(tongues.LANGUAGES, "go", lambda: None)
    tongues.toolchain.cache_clear()
    run = fence.run("x", language="go")
    assert (run.status, "toolchain missing" in run.stderr) == ("refused", True)
    assert "it needs go on the path" in run.stderr
    tongues.toolchain.cache_clear()
    assert "unknown language" in fence.run("x", language="cobol").stderr


def test_a_machine_without_tools(monkeypatch):
    monkeypatch.setattr(tongues.shutil, "which", lambda name: None)
    for find in (tongues.javascript, tongues.typescript, tongues.java, tongues.go, tongues.rust, tongues.c):
        assert find() is None


def test_tools_that_answer_nothing():
    assert tongues._ask("/no/such/tool") is None


def test_a_managed_language_and_a_typed_one(monkeypatch, tmp_path):
    for name in ("go", "tsc", "node"):
        (tmp_path / name).write_text("#!/bin/sh\necho /usr\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(tongues.shutil, "which", lambda name: str(tmp_path / name))
    go, typescript = tongues.go(), tongues.typescript()
    assert go.steps(Limits())[0].compiles
    assert [step.compiles for step in typescript.steps(Limits())] == [True, False]


def test_calls_in_javascript(fence):
    needs("javascript")
    source = (
        "let n = 0; async function f(x) { if (x === 7) throw new RangeError('seven');\n"
        "  if (x === 8) return () => 1; console.log('seen'); return [x, 1.5, {a: null}, NaN, 2n ** 70n]; }"
    )
    first, thrown, odd = fence.call(source, "f", [["é"], [7], [8]], language="javascript")
    assert first.value[:3] == ["é", 1.5, {"a": None}]
    assert first.value[4] == 1 << 70
    assert first.stdout == "seen\n"
    assert (thrown.failure.type, thrown.failure.line) == ("RangeError", 1)
    assert odd.status == "error"


def test_a_function_that_is_not_there_is_not_called(fence):
    needs("c")
    (run,) = fence.call("int f;", "f", [[]], language="c")
    assert (run.status, "no function f" in run.stderr) == ("refused", True)


def test_a_compiler_that_is_a_program_of_its_own_is_started_without_node(monkeypatch, tmp_path):
    for name in ("bin/tsc", "bin/node", "lib/getExePath.js", "native/tsc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    native = str(tmp_path / "native" / "tsc")
    monkeypatch.setattr(tongues.shutil, "which", lambda name: str(tmp_path / "bin" / name))
    monkeypatch.setattr(
        tongues, "_ask", lambda node, *asked: native if asked[-1].endswith("getExePath.js") else ""
    )
    found = tongues.typescript()
    assert found.steps(Limits())[0].argv[0] == found.itself == native
    assert str(tmp_path / "native") in found.readable
    monkeypatch.setattr(tongues, "_ask", lambda *asked: None)
    assert tongues.typescript() is None


def test_a_compiler_finds_itself_in_proc_and_nothing_else(fence, monkeypatch):
    plain = tongues.python()
    look = "import os\nprint(os.readlink('/proc/self/exe'), os.path.lexists('/proc/self/maps'))"
    usual = fence.run(look)
    monkeypatch.setitem(tongues.LANGUAGES, "python", lambda: replace(plain, itself="/usr/lib/compiler"))
    tongues.toolchain.cache_clear()
    try:
        with ProcessSandbox() as looking:
            run = looking.run(look)
    finally:
        tongues.toolchain.cache_clear()
    if "private_root" not in run.isolation:
        pytest.skip("no root of its own on this machine")
    assert run.stdout == "/usr/lib/compiler False\n", run.stderr
    assert "FileNotFoundError" in usual.stderr


def test_a_library_without_a_main_is_checked(fence):
    for language, source in {
        "c": "long f(long x) {\n    return x;\n}\n",
        "go": "package main\nfunc f(x int) int {\n\treturn x\n}\n",
        "rust": "fn f(x: i64) -> i64 {\n    return x;\n}\n",
    }.items():
        if tongues.toolchain(language) is not None:
            assert fence.compiles(source, language=language).status == "ok"


def test_the_limits_of_a_compiled_program(fence):
    needs("c")
    source = "#include <stdlib.h>\n#include <string.h>\nint main(){for(;;){char*p=malloc(1<<20);memset(p,1,1<<20);}}"
    run = fence.run(source, language="c", limits=Limits(memory_bytes=32 << 20, wall_seconds=3))
    assert run.status == "killed"
    run = fence.run("int main(){for(;;);}", language="c", limits=Limits(wall_seconds=0.3))
    assert run.status == "timeout"
    assert ProcessSandbox().report().active


def test_a_slow_host_loses_nothing_that_the_program_printed(fence, monkeypatch):
    needs("c")
    drain = Session.drain

    def slowly(self, *, ended=False):
        time.sleep(0.4)
        drain(self, ended=ended)

    monkeypatch.setattr(Session, "drain", slowly)
    run = fence.run(HELLO["c"], language="c", stdin="world\n")
    assert (run.status, run.stdout) == ("ok", "hello world\n")
