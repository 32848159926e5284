"""Attacks on signals, the kernel, what outlives a run, and the interpreter itself."""

from __future__ import annotations

from .model import family

SIGNALS = family(
    "signals",
    {
        "kill another process": "os.kill(PID, 9); breach('kill')",
        "kill the parent": """
if os.getppid() > 0: os.kill(os.getppid(), 9); breach('kill parent')
""",
        "kill everything": """
signal.signal(signal.SIGTERM, signal.SIG_IGN); os.kill(-1, signal.SIGTERM)
""",
        "kill the group": """
if os.getpgrp() not in (0, os.getpid()): os.killpg(os.getpgrp(), 9); breach('killpg')
""",
        "signal by descriptor": """
fd = os.pidfd_open(PID); signal.pidfd_send_signal(fd, 0); breach('pidfd')
""",
        "signal by file owner": """
import fcntl
r, w = os.pipe(); fcntl.fcntl(r, 8, PID); fcntl.fcntl(r, 10, 9); breach('F_SETOWN')
""",
        "queue a signal": """
info = ctypes.create_string_buffer(128)
if ctypes.CDLL(None).syscall(129, PID, 0, info) == 0: breach('sigqueue')
""",
        "trace another process": """
if ctypes.CDLL(None).ptrace(16, PID, 0, 0) == 0: breach('ptrace')
""",
        "lower the priority of others": "os.setpriority(os.PRIO_PROCESS, PID, 19); breach('prio')",
        "change limits of others": """
import resource
resource.prlimit(PID, resource.RLIMIT_NOFILE, (10, 10)); breach('prlimit')
""",
    },
)


def _call(*arguments: object) -> str:
    text = ", ".join(str(argument) for argument in arguments)
    return (
        "lib = ctypes.CDLL(None, use_errno=True)\n"
        "space = ctypes.create_string_buffer(4096)\n"
        f"if lib.syscall({text}) >= 0: breach('syscall')"
    )


KERNEL = family(
    "kernel",
    {
        "new user namespace": _call(272, 0x10000000),
        "new mount namespace": _call(272, 0x20000),
        "io_uring": _call(425, 4, "space"),
        "bpf": _call(321, 0, "space", 120),
        "performance counters": _call(298, "space", 0, -1, -1, 0),
        "user faults": _call(323, 0),
        "keyctl": _call(250, 0, -3, 1),
        "kernel log": _call(103, 2, "space", 4096),
        "load a module": _call(175, "space", 16, "space"),
        "reboot": _call(169, 0xFEE1DEAD, 672274793, 0),
        "set the clock": _call(227, 0, "space"),
        "become root": "os.setuid(0); breach(os.getuid()) if os.getuid() == 0 else None",
        "gain capabilities": """
lib = ctypes.CDLL(None)
head = (ctypes.c_uint32 * 2)(0x20080522, 0)
data = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
if lib.capset(head, data) == 0: breach('capset')
""",
        "turn dumping on": "if ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0: breach('dumpable')",
        "outlive the parent": "if ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0: breach('pdeathsig')",
        "push keys into the terminal": """
import fcntl
for fd in (0, 1, 2):
    try: fcntl.ioctl(fd, 0x5412, b'x'); breach('TIOCSTI')
    except OSError: pass
""",
        "other binary format": """
if ctypes.CDLL(None).personality(0x0040000) >= 0: breach('personality')
""",
        "32-bit numbers": _call(0x40000000 + 41, 2, 1, 0),
        "core dump": """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)); breach('core')
""",
        "splice from nothing": _call(278, 1, "space", 1, 0),
        "host name": "socket.sethostname('x'); breach('sethostname')",
    },
)

_LEFT = {
    "file for the next run": """
places = ('.', '/tmp', '/var/tmp', '/dev/shm', os.path.expanduser('~'))
left = [p for p in (os.path.join(place, 'fence-left') for place in places) if os.path.exists(p)]
if left: breach(left)
for place in places:
    try: open(os.path.join(place, 'fence-left'), 'w').write('x')
    except OSError: pass
""",
    "module for the next run": """
import json
if getattr(json, 'left', None): breach('module')
json.left = True
""",
    "byte code": """
import py_compile, json
py_compile.compile(json.__file__, doraise=True); breach('pyc')
""",
    "exit function": """
import atexit
atexit.register(lambda: open(MARK, 'w').write('x'))
""",
    "shared memory": """
from multiprocessing import shared_memory
shared_memory.SharedMemory('fence-left', create=True, size=16); breach('shm')
""",
    "scheduled job": """
for path in ('/etc/cron.d/x', '/var/spool/cron/x', os.path.expanduser('~/.bashrc')):
    try: open(path, 'a').write('x'); breach(path)
    except OSError: pass
""",
    "link left for the collector": """
os.symlink(SECRET, 'artefact.txt'); os.mkdir('d'); os.symlink('/', 'd/root')
""",
}

# Each twice: the second finds what the first left behind.
PERSISTENCE = family(
    "persistence",
    _LEFT | {f"{name}, again": text for name, text in _LEFT.items()},
)

INTERPRETER = family(
    "interpreter",
    {
        "walk the frames": """
frame = sys._getframe()
while frame:
    for name, value in {**frame.f_globals, **frame.f_locals}.items():
        if name in ('expected', 'answers', 'tests') : breach(name)
    frame = frame.f_back
""",
        "walk the collector": """
import gc
for thing in gc.get_objects():
    if type(thing).__name__ in ('Case', 'Task', 'Worker', 'Session'): breach(thing)
""",
        "import the harness": """
for name in ('agentic_diffusion_code', 'inside', 'inside.worker', 'pydantic', 'pytest'):
    try: __import__(name); breach(name)
    except ImportError: pass
""",
        "subclasses of object": """
for kind in object.__subclasses__():
    if kind.__name__ in ('Popen', 'ProcessSandbox'): breach(kind)
""",
        "modules left behind": """
for name in sys.modules:
    if name.startswith(('inside', 'agentic')): breach(name)
""",
        "write to every descriptor": """
import struct
frame = b'{"value":1}'
for fd in range(3, 256):
    try: os.write(fd, struct.pack('>I', len(frame)) + frame); breach(fd)
    except OSError: pass
""",
    },
)
