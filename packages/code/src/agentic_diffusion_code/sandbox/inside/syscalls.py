"""The numbers of the system calls a fenced program may make, per processor family.

Each entry is `name:x86-64:aarch64`; a dash means that the family has no such call.
"""

from __future__ import annotations

import platform

COMMON = """
    read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69
    pwritev:296:70 preadv2:327:286 pwritev2:328:287 open:2:- openat:257:56 creat:85:- close:3:57
    close_range:436:436 lseek:8:62 stat:4:- fstat:5:80 lstat:6:- newfstatat:262:79 statx:332:291
    statfs:137:43 fstatfs:138:44 access:21:- faccessat:269:48 faccessat2:439:439 readlink:89:-
    readlinkat:267:78 getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50
    mkdir:83:- mkdirat:258:34 rmdir:84:- unlink:87:- unlinkat:263:35 rename:82:- renameat:264:38
    renameat2:316:276 link:86:- linkat:265:37 symlink:88:- symlinkat:266:36 truncate:76:45
    ftruncate:77:46 fallocate:285:47 fsync:74:82 fdatasync:75:83 flock:73:32 umask:95:166
    fadvise64:221:223 sendfile:40:71 mmap:9:222 mprotect:10:226 munmap:11:215 mremap:25:216
    madvise:28:233 msync:26:227 mincore:27:232 brk:12:214 rt_sigaction:13:134
    rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137
    rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:- nanosleep:35:101
    clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169
    time:201:- times:100:153 getitimer:36:102 setitimer:38:103 alarm:37:-
    restart_syscall:219:128 getpid:39:172 gettid:186:178 getppid:110:173 getpgrp:111:-
    getpgid:121:155 getsid:124:156 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177
    getresuid:118:148 getresgid:120:150 getgroups:115:158 capget:125:90 capset:126:91
    uname:63:160 sysinfo:99:179 getrlimit:97:163 setrlimit:160:164
    getrusage:98:165 getpriority:140:141 sched_yield:24:124 sched_getaffinity:204:123
    sched_getparam:143:121 sched_getscheduler:145:120 sched_get_priority_max:146:125
    sched_get_priority_min:147:126 sched_rr_get_interval:148:127 getcpu:309:168
    getrandom:318:278 futex:202:98 futex_waitv:449:449 set_robust_list:273:99
    get_robust_list:274:100 set_tid_address:218:96 rseq:334:293 arch_prctl:158:-
    membarrier:324:283 exit:60:93 exit_group:231:94 wait4:61:260 waitid:247:95 poll:7:-
    ppoll:271:73 select:23:- pselect6:270:72 epoll_create:213:- epoll_create1:291:20
    epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22 epoll_pwait2:441:441 eventfd:284:-
    eventfd2:290:19 pipe:22:- pipe2:293:59 dup:32:23 dup2:33:- dup3:292:24 sendto:44:206
    recvfrom:45:207 sendmsg:46:211 recvmsg:47:212 shutdown:48:210 getsockopt:55:209
    setsockopt:54:208 getsockname:51:204 getpeername:52:205
"""

# Allowed for some arguments only.
SPECIAL = """
    fcntl:72:25 ioctl:16:29 prctl:157:167 clone:56:220 socketpair:53:199 kill:62:129
    tgkill:234:131 tkill:200:130 prlimit64:302:261
"""

# Harmless on files that only this program can see.
PRIVATE = """
    chmod:90:- fchmod:91:52 fchmodat:268:53 utime:132:- utimes:235:- utimensat:280:88
    futimesat:261:-
"""

# For programs that are started from a file.
EXEC = """
    execve:59:221 execveat:322:281
"""

# For compilers, which are made of several processes.
COMPILE = """
    fork:57:- vfork:58:- seccomp:317:277 setpriority:141:140
    sched_setaffinity:203:122
"""

# Refused with a clear error; all others are said not to exist.
KNOWN = """
    clone3:435:435 io_uring_setup:425:425 io_uring_enter:426:426 io_uring_register:427:427
    ptrace:101:117 process_vm_readv:310:270 process_vm_writev:311:271 bpf:321:280
    userfaultfd:323:282 perf_event_open:298:241 keyctl:250:219 add_key:248:217
    request_key:249:218 mount:165:40 umount2:166:39 setns:308:268 unshare:272:97 chroot:161:51
    pivot_root:155:41 memfd_create:319:279 socket:41:198 connect:42:203 bind:49:200
    landlock_create_ruleset:444:444 landlock_add_rule:445:445 landlock_restrict_self:446:446
    pidfd_open:434:434 pidfd_getfd:438:438 pidfd_send_signal:424:424 open_by_handle_at:304:-
"""

# Refused as if the kernel did not know them, so that libraries fall back.
ABSENT = frozenset(
    ["clone3", "memfd_create", "io_uring_setup", "io_uring_enter", "io_uring_register", "pidfd_open"]
)

X86_64 = "x86_64"
AARCH64 = "aarch64"
_COLUMN = {X86_64: 1, AARCH64: 2}


def machine() -> str | None:
    """Name the processor family, or None where we have no numbers for it."""
    name = {"amd64": X86_64, "arm64": AARCH64}.get(platform.machine().lower(), platform.machine())
    return name if name in _COLUMN else None


def numbers(table: str, family: str) -> dict[str, int]:
    """Read one table for one family."""
    column = _COLUMN[family]
    rows = (entry.split(":") for entry in table.split())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}
