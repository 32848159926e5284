"""Which languages can be run here: where their tools lie and how a program is started.

A language is a value. Its toolchain is looked for once; a missing one is said clearly.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from .base import MIB, Limits
from .toolchain import Step, Toolchain

_SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_DRIVER = Path(__file__).parent / "inside" / "driver.js"
_NATIVE = "console.log((await import(process.argv[1])).default())"


def python() -> Toolchain:
    """The interpreter that is running now."""
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_prefix})
    library = sysconfig.get_config_var("LIBDIR") or ""
    shared = os.path.join(library, str(sysconfig.get_config_var("INSTSONAME") or ""))
    found = [paths["stdlib"], paths["platstdlib"], "/usr/share/zoneinfo", *_SYSTEM]
    if os.path.isfile(shared) and sysconfig.get_config_var("Py_ENABLE_SHARED"):
        found.append(shared)
    return Toolchain("python", _existing(found), needed=(paths["stdlib"],))


def javascript() -> Toolchain | None:
    """Node."""
    node = _which("node")
    if node is None:
        return None
    read = _existing([node, "/usr/share/nodejs", "/usr/share/node_modules", *_SYSTEM])
    return Toolchain(
        "javascript",
        read,
        needed=(node,),
        file="program.js",
        steps=lambda limits: (_node(node, limits, "program.js"),),
        driver=_DRIVER.read_text(encoding="utf-8"),
    )


def _node(node: str, limits: Limits, file: str) -> Step:
    heap = max(16, limits.memory_bytes // MIB)
    argv = (node, f"--max-old-space-size={heap}", "--stack-size=900", "--no-warnings", file)
    return Step(argv, spare_bytes=192 * MIB, tasks=24)


def typescript() -> Toolchain | None:
    """The TypeScript compiler, then node."""
    node, found = _which("node"), _which("tsc")
    if node is None or found is None:
        return None
    home = str(Path(found).parent.parent)
    compiler, argv = found, (node, found)
    if os.path.exists(finder := os.path.join(home, "lib", "getExePath.js")):  # from version 7 on
        native = _ask(node, "--input-type=module", "-e", _NATIVE, finder)
        if native is None or not os.path.exists(native):
            return None
        compiler, argv = native, (native, "--singleThreaded")
        home = str(Path(native).parent)
    read = _existing([node, home, "/usr/share/nodejs", "/usr/share/node_modules", *_SYSTEM])
    flags = ("--target", "es2022", "--module", "commonjs", "--strict", "--typeRoots", ".")
    compile_ = Step((*argv, *flags, "program.ts"), compiles=True)

    def steps(limits: Limits) -> tuple[Step, ...]:
        return compile_, _node(node, limits, "program.js")

    return Toolchain(
        "typescript",
        read,
        needed=(node, home),
        file="program.ts",
        steps=steps,
        driver=_DRIVER.read_text(encoding="utf-8"),
        itself=compiler if compiler != found else None,
    )


def java() -> Toolchain | None:
    """The Java compiler and machine; the program is the class `Main`."""
    compiler, machine = _which("javac"), _which("java")
    if compiler is None or machine is None:
        return None
    home = str(Path(machine).parent.parent)
    etc = [str(path) for path in Path("/etc").glob("java*")]
    beside = (f"{home}/lib", f"{home}/lib/server")
    small = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=48m")

    def steps(limits: Limits) -> tuple[Step, ...]:
        heap = f"-Xmx{max(16, limits.memory_bytes // MIB)}m"
        build = (compiler, "-J-Xmx512m", *(f"-J{flag}" for flag in small), "Main.java")
        start = (machine, heap, *small, "-Xshare:auto", "-cp", ".", "Main")
        return (
            Step(build, compiles=True, libraries=beside),
            Step(start, spare_bytes=320 * MIB, tasks=32, libraries=beside),
        )

    read = _existing([home, *etc, *_SYSTEM])
    return Toolchain("java", read, needed=(home,), file="Main.java", steps=steps)


def c() -> Toolchain | None:
    """The system's C compiler."""
    compiler = _which("gcc") or _which("cc")
    flags = ("-O1", "-std=c17", "-o", "program", "program.c", "-lm")
    return _native("c", "program.c", compiler, flags=flags, more=())


def rust() -> Toolchain | None:
    """The Rust compiler, without cargo."""
    proxy = shutil.which("rustc")
    root = _ask(proxy, "--print", "sysroot")
    compiler = os.path.join(root, "bin", "rustc") if root else None
    sysroot = (f"--sysroot={root}",) if root else ()
    usual = ("-Clink-arg=-fuse-ld=bfd",)  # its own linker looks for itself in /proc
    flags = (*sysroot, *usual, "--edition=2021", "-Copt-level=1", "-o", "program", "program.rs")
    return _native("rust", "program.rs", compiler, flags=flags, more=(root,) if root else ())


def go() -> Toolchain | None:
    """The Go compiler, with the standard library only."""
    compiler = _which("go")
    root = _ask(compiler, "env", "GOROOT")
    flags = ("build", "-o", "program", "program.go")
    return _native("go", "program.go", compiler, flags=flags, more=(root,) if root else ())


def _native(
    name: str, file: str, *found: str | None, flags: tuple[str, ...], more: tuple[str, ...]
) -> Toolchain | None:
    compiler = found[0]
    if compiler is None or not os.path.exists(compiler):
        return None
    managed = name == "go"
    steps = (
        Step((compiler, *flags), compiles=True, libraries=tuple(f"{path}/lib" for path in more)),
        Step(
            ("./program",),
            address_space=not managed,
            spare_bytes=64 * MIB if managed else 0,
            tasks=16 if managed else 0,
            open_files=64,
        ),
    )
    read = _existing(["/usr", "/bin", "/lib", "/lib64", "/etc/alternatives", *_SYSTEM[-1:], *more])
    return Toolchain(name, read, needed=(compiler,), file=file, steps=lambda limits: steps)


def _which(name: str) -> str | None:
    found = shutil.which(name)
    return os.path.realpath(found) if found else None


def _ask(program: str | None, *arguments: str) -> str | None:
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  a tool found on PATH, with arguments of our own
            [program, *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _existing(paths: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for path in paths if path and os.path.lexists(path)))


LANGUAGES: dict[str, Callable[[], Toolchain | None]] = {
    "python": python,
    "javascript": javascript,
    "typescript": typescript,
    "java": java,
    "go": go,
    "rust": rust,
    "c": c,
}


@functools.cache
def toolchain(language: str) -> Toolchain | None:
    """Find the toolchain of a language; None when it is not on this machine."""
    find = LANGUAGES.get(language)
    return None if find is None else find()
