"""Attacks on files, the network, processes and secrets."""

from __future__ import annotations

from .model import family

FILES = family(
    "files",
    {
        "read a secret file": "breach(open(SECRET).read())",
        "read the password file": "breach(open('/etc/passwd').read()[:20])",
        "list a home directory": "breach(os.listdir('/root') or os.listdir('/home'))",
        "write outside": "open(MARK, 'w').write('x'); breach(MARK)",
        "write to the root": "open('/fence-mark', 'w').write('x'); breach('/')",
        "change the runtime": "open(os.__file__, 'a').write('#'); breach('os.py')",
        "remove the runtime": "os.remove(os.__file__); breach('os.py')",
        "link to a secret": "os.symlink(SECRET, 'l'); breach(open('l').read())",
        "hard link a secret": "os.link(SECRET, 'h'); breach(open('h').read())",
        "climb by dots": "breach(open('../' * 20 + SECRET.lstrip('/')).read())",
        "change a mode": "os.chmod(SECRET, 0o777); breach('chmod')",
        "change a time": "os.utime(SECRET, (0, 0)); breach('utime')",
        "read through proc root": "breach(open('/proc/1/root' + SECRET).read())",
        "read through proc cwd": "breach(os.listdir('/proc/self/cwd/../..'))",
        "read a raw disk": """
for name in os.listdir('/dev'):
    if name.startswith(('sd', 'vd', 'nvme', 'mem', 'kmsg')):
        breach(open('/dev/' + name, 'rb').read(16))
""",
        "make a device": "os.mknod('d', 0o60600, os.makedev(8, 0)); open('d', 'rb'); breach('d')",
        "mount": """
lib = ctypes.CDLL(None)
if lib.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0: breach('mount')
""",
        "change root": "os.chroot('.'); breach('chroot')",
        "open by handle": """
lib = ctypes.CDLL(None, use_errno=True)
handle = (ctypes.c_uint32 * 34)(128, 0)
mount = ctypes.c_int()
if lib.name_to_handle_at(-100, SECRET.encode(), handle, ctypes.byref(mount), 0) == 0:
    breach('handle')
""",
    },
)

NETWORK = family(
    "network",
    {
        "tcp to a server": """
socket.create_connection(('127.0.0.1', PORT), 1).send(b'x'); breach('tcp')
""",
        "udp out": """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', PORT))
breach('udp')
""",
        "multipath tcp": "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).connect("
        "('127.0.0.1', PORT)); breach('mptcp')",
        "raw packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); breach('packet')",
        "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); breach('netlink')",
        "listen": """
s = socket.socket(); s.bind(('0.0.0.0', 0)); s.listen(); breach('listen')
""",
        "abstract unix": """
s = socket.socket(socket.AF_UNIX); s.bind('\\0fence-test'); breach('abstract')
""",
        "unix path": """
for path in ('/run/dbus/system_bus_socket', '/var/run/docker.sock', '/dev/log'):
    try: socket.socket(socket.AF_UNIX).connect(path); breach(path)
    except OSError: pass
""",
        "datagram from a pair": """
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.sendto(b'x', '/dev/log'); breach('sendto')
""",
        "vsock": "socket.socket(40, socket.SOCK_STREAM).connect((2, 1024)); breach('vsock')",
        "name lookup": "breach(socket.gethostbyname('example.com'))",
        "32-bit socket call": """
import mmap
code = bytes.fromhex('b867010000bb02000000b901000000ba00000000cd80c3')
page = mmap.mmap(-1, 4096, prot=7); page.write(code)
where = ctypes.addressof(ctypes.c_char.from_buffer(page))
number = ctypes.CFUNCTYPE(ctypes.c_int)(where)()
if number >= 0: breach('int80 socket', number)
""",
    },
)

PROCESSES = family(
    "processes",
    {
        "fork": """
pid = os.fork()
if pid == 0: os._exit(0)
breach('fork')
""",
        "shell": "if os.system('true') == 0: breach('system')",
        "subprocess": "import subprocess; subprocess.run(['/bin/true'], check=True); breach('run')",
        "spawn": "os.posix_spawn('/bin/true', ['true'], {}); breach('spawn')",
        "exec": """
os.execv('/bin/sh', ['sh', '-c', 'echo BREACH'])
""",
        "exec from memory": """
fd = os.memfd_create('x'); os.write(fd, b'#!/bin/sh\\necho BREACH\\n')
os.execve(fd, ['x'], {})
""",
        "fork bomb": """
while True:
    pid = os.fork()
    if pid: breach('forked')
""",
        "daemon": """
if os.fork() == 0:
    os.setsid()
    time.sleep(2); open(MARK, 'w').write('daemon'); os._exit(0)
breach('daemon')
""",
        "thread bomb": """
threading.stack_size(32768)
count = 0
def wait(): time.sleep(30)
for _ in range(2000):
    threading.Thread(target=wait, daemon=True).start(); count += 1
    if count > 500: breach('threads', count); os._exit(0)
""",
        "raw clone": """
lib = ctypes.CDLL(None)
if lib.syscall(56, 17, 0, 0, 0, 0) > 0: breach('clone')
""",
        "clone3": """
lib = ctypes.CDLL(None, use_errno=True)
args = (ctypes.c_uint64 * 11)(); args[4] = 17
if lib.syscall(435, args, 88) > 0: breach('clone3')
""",
        "vfork": "if ctypes.CDLL(None).vfork() >= 0: os._exit(3)",
        "multiprocessing": """
import multiprocessing
p = multiprocessing.get_context('fork').Process(target=print, args=('BREACH',)); p.start(); p.join()
""",
    },
)

SECRETS = family(
    "secrets",
    {
        "environment": """
for name, value in os.environ.items():
    if 'FENCE_SECRET' in name or 'canary-' in value: breach(name)
""",
        "initial environment": "if b'canary-' in open('/proc/self/environ', 'rb').read(): breach(1)",
        "parent environment": """
for pid in os.listdir('/proc'):
    if pid.isdigit() and b'canary-' in open(f'/proc/{pid}/environ', 'rb').read(): breach(pid)
""",
        "memory of this process": """
needle = b'canary-' + b'in-memory'[:9]
for line in open('/proc/self/maps'):
    span = line.split()[0].split('-'); start, end = (int(x, 16) for x in span)
    if 'r' in line.split()[1] and end - start < 1 << 28:
        memory = open('/proc/self/mem', 'rb'); memory.seek(start)
        if memory.read(end - start).count(needle) > 3: breach(line)
""",
        "objects in the heap": """
import gc
for thing in gc.get_objects():
    if type(thing) is dict and any(k == 'FENCE_SECRET' for k in thing): breach('heap')
""",
        "command lines": """
for pid in os.listdir('/proc'):
    if pid.isdigit(): breach(open(f'/proc/{pid}/cmdline').read())
""",
        "other processes": "breach([p for p in os.listdir('/proc') if p.isdigit()][1])",
        "inherited descriptors": """
import stat
for fd in range(3, 256):
    try: mode = os.fstat(fd).st_mode
    except OSError: continue
    breach(fd, oct(mode))
""",
        "memory of another process": """
lib = ctypes.CDLL(None, use_errno=True)
class V(ctypes.Structure): _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(8)
if lib.process_vm_readv(PID, ctypes.byref(V(ctypes.addressof(buffer), 8)), 1,
                        ctypes.byref(V(0x400000, 8)), 1, 0) > 0: breach('vm_readv')
""",
        "keyring": """
if ctypes.CDLL(None).syscall(248, b'user', b'x', b'y', 1, -2) > 0: breach('add_key')
""",
        "mounts": "breach(open('/proc/mounts').read()[:80])",
    },
)
