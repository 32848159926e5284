"""Functions of compiled languages answer calls: values, refusals, crashes and lies; one compilation a language."""

import pytest
from agentic_diffusion_code.cases import Case, Raises, Task
from agentic_diffusion_code.sandbox import Limits
from agentic_diffusion_code.sandbox.base import Execution
from agentic_diffusion_code.sandbox.compiled import call
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.verify import verify

PATIENT = Limits(wall_seconds=90.0, cpu_seconds=60.0, memory_bytes=512 << 20)
PROGRAMS = {
    "java": "import java.util.*;\nclass S {\n    static Map<String, List<Long>> f(String s, long n) {\n"
    '        if (n < 0) { throw new IllegalStateException("no \\"n\\""); }\n        System.out.println("printed");\n'
    "        Map<String, List<Long>> out = new TreeMap<>();\n        out.put(s, List.of(n, n + 1));\n"
    "        return out;\n    }\n}\n",
    "go": 'package main\nfunc f(s string, n int) map[string][]int {\n\tif n < 0 {\n\t\tpanic("no \\"n\\"")\n\t}\n'
    '\tprintln("printed")\n\treturn map[string][]int{s: []int{n, n + 1}}\n}\n',
    "rust": "use std::collections::HashMap;\nfn f(s: &str, n: i64) -> HashMap<String, Vec<i64>> {\n"
    '    if n < 0 { panic!("no \\"n\\""); }\n    println!("printed");\n'
    "    HashMap::from([(s.to_string(), vec![n, n + 1])])\n}\n",
}
RAISED = {"java": "IllegalStateException", "go": "panic", "rust": "panic"}


@pytest.mark.parametrize("language", PROGRAMS)
def test_values_and_refusals(fence, language) -> None:
    if toolchain(language) is None:
        pytest.skip(f"no {language} toolchain on this machine")
    value, raised = fence.call(
        PROGRAMS[language], "f", [["é\n😀", 7], ["a", -1]], language=language, limits=PATIENT
    )
    assert value.value == {"é\n😀": [7, 8]}, value.stderr
    assert (raised.status, raised.failure.type, raised.failure.message) == (
        "error",
        RAISED[language],
        'no "n"',
    )
    assert value.isolation


@pytest.mark.skipif(toolchain("c") is None, reason="no c toolchain on this machine")
def test_a_crash_does_not_end_the_calls_after_it(fence) -> None:
    crash = "if (n == 2) { *(volatile long *) 0 = 1; }"
    source = f"long f(const long *xs, long n) {{\n    {crash}\n    return n ? xs[0] : -1;\n}}\n"
    runs = fence.call(source, "f", [[[5]], [[1, 2]], [[]], [[7, 8, 9]]], language="c", limits=PATIENT)
    assert [run.value for run in runs] == [5, None, -1, 7]
    assert runs[1].status in ("killed", "error")
    task = Task(
        entry="f",
        language="c",
        tests=(Case(arguments=([5],), expected=5), Case(arguments=([],), expected=-1)),
    )
    assert verify(source, task, sandbox=fence, limits=PATIENT).passed
    wrong = task.model_copy(update={"tests": (Case(arguments=([5],), expected=Raises(type="panic")),)})
    assert not verify(source, wrong, sandbox=fence, limits=PATIENT).passed


class Tape:
    """Runs nothing: says what it was told to say."""

    def __init__(self, *outs: str, status: str = "ok") -> None:
        self.outs, self.status, self.read = list(outs), status, []

    def __call__(self, program: str, stdin: str) -> Execution:
        self.read.append(stdin)
        mark = next(word for word in program.split() if word.startswith('printf("\\nfence')).split("\\n")[1]
        return Execution(
            status=self.status, stdout=self.outs.pop(0).replace("MARK", mark) if self.outs else ""
        )


SOURCE = "long f(long x) {\n    return x;\n}\n"


def ask(run, arguments, source=SOURCE):
    return call(run, source, "f", arguments=arguments, language="c", limits=Limits())


def test_what_is_told_is_not_believed() -> None:
    lies = 'MARK 1 ok 9\nnoise\nMARK 0 ok "x"\nMARK 0 ok 3\nMARK 1 raised 5\n'
    first, second = ask(Tape(lies), [[1], [2]])
    assert (first.status, first.stderr) == ("error", "a str where int was declared")
    assert (second.status, second.failure.type) == ("error", "?")


def test_lost_processes_are_counted() -> None:
    tape = Tape("MARK 0 ok 1\n", "", "")
    runs = ask(tape, [[n] for n in range(5)])
    assert [run.status for run in runs] == ["ok", "error", "error", "error", "refused"]
    assert tape.read == ["0\n", "2\n", "3\n"]
    assert [run.status for run in ask(Tape("", status="compile_error"), [[1], [2]])] == ["compile_error"] * 2


@pytest.mark.parametrize(
    ("arguments", "source", "says"),
    [
        ([["a"]], SOURCE, "takes long and was given a str"),
        ([[1, 2]], SOURCE, "takes 1 arguments and was given 2"),
        ([[1]], SOURCE + "int main(void) { return 0; }", "a main of its own"),
        ([[1]], "struct s f(long x) { }", "answers of type"),
        ([[1]] * 600, SOURCE, "more than 512"),
    ],
)
def test_what_cannot_be_called_is_refused(arguments, source, says) -> None:
    runs = ask(Tape(), arguments, source)
    assert len(runs) == len(arguments)
    assert runs[0].status == "refused"
    assert says in runs[0].stderr
