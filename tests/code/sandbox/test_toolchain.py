"""What a toolchain asks of a worker: steps, limits, and what is only looked at."""

from agentic_diffusion_code.sandbox.base import MIB, Limits
from agentic_diffusion_code.sandbox.toolchain import COMPILE_SECONDS, Step, Toolchain, while_compiling

COMPILER = Step(("/usr/bin/cc", "-o", "program", "program.c"), compiles=True, libraries=("/opt/lib",))
PROGRAM = Step(("./program",), spare_bytes=64 * MIB, tasks=3)
CHAIN = Toolchain(
    "c", (), needed=(), file="program.c", steps=lambda limits: (COMPILER, PROGRAM), driver="drive"
)
LIMITS = Limits(memory_bytes=128 * MIB, cpu_seconds=2.0)
LAYERS = frozenset({"rlimits", "seccomp"})


def test_a_compiler_has_a_clock_and_memory_of_its_own():
    first, last = CHAIN.job("int f;", LIMITS, layers=LAYERS)["steps"]
    assert (first["limits"]["cpu"], first["limits"]["data"], first["kind"]) == (
        COMPILE_SECONDS,
        1024 * MIB,
        "compile",
    )
    assert (last["limits"]["cpu"], last["limits"]["data"], last["kind"]) == (3.0, 192 * MIB, "program")
    assert last["limits"]["tasks"] == LIMITS.processes + 3
    assert while_compiling(LIMITS).wall_seconds == COMPILE_SECONDS


def test_layers_that_are_off_ask_for_nothing():
    (first, _) = CHAIN.job("int f;", LIMITS, layers=frozenset())["steps"]
    assert (first["limits"], first["filter"]) == ({}, False)
    assert first["env"]["LD_LIBRARY_PATH"] == "/opt/lib"


def test_what_is_checked_is_not_started():
    (only,) = CHAIN.checking().job("int f;", LIMITS, layers=LAYERS)["steps"]
    assert only["argv"] == ["/usr/bin/cc", "-fsyntax-only", "-o", "program", "program.c"]


def test_calls_go_to_the_driver_that_loads_the_program():
    job = CHAIN.calls("int f;", "f", LIMITS, layers=LAYERS)
    assert job["files"] == {"program.c": "int f;", "fence_driver.js": "drive"}
    assert job["steps"][-1]["argv"] == ["fence_driver.js", "./program", "f"]
    assert [step["control"] for step in job["steps"]] == [False, True]
