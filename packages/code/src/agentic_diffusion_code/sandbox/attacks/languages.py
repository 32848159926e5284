"""Attacks in other languages: JavaScript, and compilers and what they build."""

from __future__ import annotations

from .model import family

JAVASCRIPT = family(
    "javascript",
    {
        "read a secret file": "console.log('BREACH', require('fs').readFileSync(@SECRET@, 'utf8'))",
        "read the password file": "console.log('BREACH', require('fs').readFileSync('/etc/passwd'))",
        "start a process": """
const done = require('child_process').spawnSync('/bin/true');
if (done.status === 0) console.log('BREACH');
""",
        "fork itself": "require('child_process').fork('program.js'); console.log('BREACH')",
        "connect": """
require('net').connect(@PORT@, '127.0.0.1', () => { console.log('BREACH'); process.exit(0); });
""",
        "listen": "require('net').createServer().listen(0, () => { console.log('BREACH'); "
        "process.exit(0); })",
        "environment": "if (JSON.stringify(process.env).includes('canary-')) console.log('BREACH')",
        "kill another process": "process.kill(@PID@, 9); console.log('BREACH')",
        "write outside": "require('fs').writeFileSync(@MARK@, 'x'); console.log('BREACH')",
        "native binding": "process.binding('spawn_sync').spawn({file: '/bin/true', "
        "args: ['true'], stdio: []}).status === 0 && console.log('BREACH')",
    },
    language="javascript",
) + family(
    "javascript",
    {
        "loop": "for (;;) {}",
        "wait": "setTimeout(() => {}, 3600000)",
        "memory": "const a = []; for (;;) a.push(new Array(100000).fill(1.5))",
        "buffers": "const a = []; for (;;) a.push(Buffer.alloc(1 << 24, 1))",
        "flood": "const b = 'x'.repeat(65536); for (;;) require('fs').writeSync(1, b)",
        "microtasks": "const f = () => Promise.resolve().then(f); f()",
    },
    goal="exhaust",
    language="javascript",
)

_HEAD = "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"

COMPILED = (
    family(
        "c",
        {
            "include a secret": '#include @SECRET@\nint main(){puts("BREACH");return 0;}',
            "include the passwords": '#include "/etc/passwd"\nint main(){puts("BREACH");return 0;}',
            "embed a secret": 'asm(".incbin \\"/etc/passwd\\"");\n#include <stdio.h>\n'
            'int main(){puts("BREACH");return 0;}',
            "read a secret file": _HEAD + 'int main(){FILE*f=fopen(@SECRET@,"r");'
            'if(f)puts("BREACH");return 0;}',
            "fork": _HEAD + 'int main(){if(fork()>0)puts("BREACH");return 0;}',
            "shell": _HEAD + 'int main(){if(system("true")==0)puts("BREACH");return 0;}',
            "socket": "#include <sys/socket.h>\n#include <stdio.h>\n"
            'int main(){if(socket(2,1,0)>=0)puts("BREACH");return 0;}',
            "kill": "#include <signal.h>\n#include <stdio.h>\n"
            'int main(){if(kill(@PID@,9)==0)puts("BREACH");return 0;}',
            "raw calls": "#include <sys/syscall.h>\n" + _HEAD + "int main(){"
            "if(syscall(SYS_unshare,0x10000000)==0||syscall(SYS_ptrace,16,@PID@,0,0)==0||"
            'syscall(SYS_mount,"n","/tmp","tmpfs",0,0)==0)puts("BREACH");return 0;}',
            "compiler plugin": '#pragma GCC plugin "/tmp/x.so"\n#include <stdio.h>\nint main(){return 0;}',
        },
        language="c",
    )
    + family(
        "c",
        {
            "include an endless file": '#include "/dev/zero"\nint main(){return 0;}',
            "include itself": '#include "program.c"\nint main(){return 0;}',
            "macro bomb": "\n".join(
                ["#define A0 1,1,1,1,1,1,1,1"]
                + [f"#define A{n} " + ",".join([f"A{n - 1}"] * 8) for n in range(1, 10)]
                + ["int x[]={A9};", "int main(){return 0;}"]
            ),
            "huge array": "char a[1UL<<40]={1};\nint main(){return a[5];}",
            "loop": "int main(){for(;;);}",
            "memory": _HEAD + "#include <string.h>\nint main(){for(int i=0;i<4096;i++){"
            'char*p=malloc(1<<20);if(!p)return 1;memset(p,1,1<<20);}puts("BREACH");return 0;}',
            "flood": _HEAD + 'int main(){for(;;)puts("xxxxxxxxxxxxxxxxxxxxxxxxxxxxx");}',
        },
        goal="exhaust",
        language="c",
    )
    + family(
        "java",
        {
            "read a secret file": "public class Main{public static void main(String[] a)throws "
            "Exception{System.out.println(new String(java.nio.file.Files.readAllBytes("
            'java.nio.file.Path.of(@SECRET@)))+"BREACH");}}',
            "start a process": "public class Main{public static void main(String[] a)throws "
            'Exception{new ProcessBuilder("/bin/true").start().waitFor();'
            'System.out.println("BREACH");}}',
            "connect": "public class Main{public static void main(String[] a)throws "
            'Exception{new java.net.Socket("127.0.0.1",@PORT@);System.out.println("BREACH");}}',
        },
        language="java",
    )
    + family(
        "rust",
        {
            "include a secret": 'fn main(){println!("BREACH {}",include_str!(@SECRET@));}',
            "start a process": 'fn main(){if std::process::Command::new("/bin/true").status()'
            '.is_ok(){println!("BREACH");}}',
            "read a secret file": 'fn main(){if std::fs::read(@SECRET@).is_ok(){println!("BREACH");}}',
        },
        language="rust",
    )
)
