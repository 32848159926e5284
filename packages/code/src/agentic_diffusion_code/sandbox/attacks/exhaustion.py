"""Attacks on memory, processor time, disk and output."""

from __future__ import annotations

from .model import family

MEMORY = family(
    "memory",
    {
        "one block": "x = bytearray(2 << 30); breach('2 GiB')",
        "many lists": """
x = []
while len(x) < 3000: x.append([0] * 100_000)
breach('lists')
""",
        "shared mapping": """
import mmap
m = mmap.mmap(-1, 2 << 30)
for i in range(0, 2 << 30, 4096): m[i] = 1
breach('mmap')
""",
        "memory file": """
fd = os.memfd_create('x')
for _ in range(1024): os.write(fd, b'x' * (1 << 20))
breach('memfd')
""",
        "shared memory segment": """
lib = ctypes.CDLL(None)
if lib.shmget(0, 1 << 30, 0o1600) >= 0: breach('shmget')
""",
        "message queue": "if ctypes.CDLL(None).msgget(0, 0o1600) >= 0: breach('msgget')",
        "big integer": "x = 10 ** (10 ** 10); breach('integer')",
        "string doubling": """
s = 'x'
while len(s) < 1 << 32: s += s
breach('string')
""",
        "many mappings": """
import mmap
x = [mmap.mmap(-1, 1 << 20) for _ in range(4096)]; breach('mappings')
""",
        "deep recursion": """
sys.setrecursionlimit(10 ** 9)
def f(): return f()
f(); breach('recursion')
""",
        "pipes full of data": """
kept = []
for _ in range(600):
    r, w = os.pipe(); os.set_blocking(w, False); kept.append(w)
    try: os.write(w, b'x' * 65536)
    except BlockingIOError: pass
breach('pipes')
""",
        "fill the disk": """
with open('big', 'wb') as f:
    for _ in range(1024): f.write(b'x' * (1 << 20))
breach('disk')
""",
        "fill the disk with files": """
for n in range(64):
    with open(f'f{n}', 'wb') as f: f.write(b'x' * (8 << 20))
breach('disk')
""",
        "many small files": """
for n in range(20_000): open(f'f{n}', 'w').close()
breach('files')
""",
        "sparse file": "os.truncate(os.open('s', 66), 1 << 40); breach('sparse')",
        "descriptors": """
kept = [os.dup(1) for _ in range(2000)]; breach('descriptors')
""",
        "raise the limits": """
import resource
resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); x = bytearray(2 << 30); breach('setrlimit')
""",
    },
    goal="exhaust",
)

CPU = family(
    "cpu",
    {
        "loop": "while True: pass",
        "sleep": "time.sleep(3600)",
        "regular expression": "import re; re.match(r'(a+)+$', 'a' * 40 + 'b')",
        "power": "pow(3, 10 ** 9)",
        "ignore every signal": """
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
""",
        "catch everything": """
while True:
    try:
        while True: pass
    except BaseException: pass
""",
        "sort that never ends": """
class L(int):
    def __lt__(self, other): time.sleep(1); return True
sorted(L(i) for i in range(10 ** 6))
""",
        "wait for input": "sys.stdin.read(); open(0).read(); time.sleep(3600)",
        "exit function that never ends": """
import atexit
atexit.register(lambda: time.sleep(3600))
""",
        "thread that never ends": "threading.Thread(target=time.sleep, args=(3600,)).start()",
        "threads that spin": """
for _ in range(8): threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()
""",
        "destructor that never ends": """
class D:
    def __del__(self): time.sleep(3600)
d = D()
del d
""",
        "stop itself": "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(3600)",
        "message that never ends": """
class E(Exception):
    def __str__(self):
        while True: pass
raise E()
""",
        "compiler bomb": "eval('(' * 90 + '1' + ')' * 90); exec('x=' + '-' * 10 ** 6 + '1')",
    },
    goal="exhaust",
)

OUTPUT = family(
    "output",
    {
        "flood": "while True: os.write(1, b'x' * 65536)",
        "flood errors": "while True: os.write(2, b'x' * 65536)",
        "slow flood": """
for n in range(10 ** 9): print(n)
""",
        "close and wait": "os.close(1); os.close(2); time.sleep(3600)",
        "huge exception": "raise ValueError('x' * (1 << 26))",
        "terminal control": """
os.write(1, b'\\x1b]0;BREAC' + b'H\\x07'[1:])
""",
        "not text": "os.write(1, bytes(range(256)) * 16)",
    },
    goal="exhaust",
)
