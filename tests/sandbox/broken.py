"""A sandbox whose language has been broken: functions are plain Python in the worker."""

import base64
import marshal
import platform
from dataclasses import replace

from sandbox.engine_host import Compiled, EngineHost, Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox

ESCAPE = """
def subclasses():
    return ().__class__.__base__.__subclasses__()
OS = [c for c in subclasses() if c.__name__ == "_wrap_close"][0].__init__.__globals__
SYS = OS["sys"]
BUILTINS = OS["__builtins__"]
def frame(text):
    data = text.encode()
    return len(data).to_bytes(4, "big") + data
def send(data):
    OS["write"](0, data)
"""
NATIVE = """
CTYPES = SYS.modules["ctypes"]
LIBC = CTYPES.CDLL(None, use_errno=True)
NUMBERS = {
    "x86_64": {
        "memfd_create": 319, "inotify_init1": 294, "userfaultfd": 323, "timerfd_create": 283,
        "mq_open": 240, "io_uring_setup": 425, "io_uring_register": 427, "process_vm_readv": 310,
        "process_vm_writev": 311, "keyctl": 250, "add_key": 248, "fanotify_init": 300,
        "perf_event_open": 298, "bpf": 321, "ptrace": 101, "dup": 32, "dup2": 33, "fcntl": 72,
    },
    "aarch64": {
        "memfd_create": 279, "inotify_init1": 26, "userfaultfd": 282, "timerfd_create": 85,
        "mq_open": 180, "io_uring_setup": 425, "io_uring_register": 427, "process_vm_readv": 270,
        "process_vm_writev": 271, "keyctl": 219, "add_key": 217, "fanotify_init": 262,
        "perf_event_open": 241, "bpf": 280, "ptrace": 117, "dup": 23, "dup3": 24, "fcntl": 25,
    },
}[MACHINE]
def checked(result):
    if result == -1:
        raise OSError(CTYPES.get_errno(), "refused")
    return result
def call(name, *arguments):
    wide = [CTYPES.c_long(a) if isinstance(a, int) else a for a in arguments]
    return checked(LIBC.syscall(CTYPES.c_long(NUMBERS[name]), *wide))
def room(size):
    return CTYPES.create_string_buffer(size)
def pages(size):
    LIBC.mmap.restype = CTYPES.c_void_p
    arguments = (None, CTYPES.c_size_t(size), 3, 0x22, -1, CTYPES.c_long(0))
    return LIBC.mmap(*arguments)
def read_memory(pid, address, size):
    mine = room(size)
    here = (CTYPES.c_void_p * 2)(CTYPES.addressof(mine), size)
    there = (CTYPES.c_void_p * 2)(address, size)
    call("process_vm_readv", pid, here, 1, there, 1, 0)
    return mine.raw
def ring_without_descriptor():
    settings = room(120)
    settings[8:12] = (1 << 14 | 1 << 15).to_bytes(4, "little")
    settings[72:80] = pages(8192).to_bytes(8, "little")
    settings[112:120] = pages(8192).to_bytes(8, "little")
    ring = call("io_uring_setup", 4, settings)
    files = b"\\1\\0\\0\\0\\1\\0\\0\\0" + bytes(24)
    call("io_uring_register", ring, 1 << 31 | 13, files, 32)
"""


def native_source(body: str) -> str:
    """A function whose handler runs the body as Python without bounds, with native calls."""
    names = '{"OS": OS, "SYS": SYS, "BUILTINS": BUILTINS, "__builtins__": BUILTINS, "send": send}'
    text = f"MACHINE = {platform.machine()!r}\n{NATIVE}{body}"
    return f"""{ESCAPE}
def handler(event, profile, context):
    names = {names}
    BUILTINS["exec"]({text!r}, names)
    return names.get("OUTPUT")
"""


class BrokenHost(EngineHost):
    """An engine whose policy lets everything through, as if it had been broken."""

    def _compile(self, source: str) -> Compiled:
        if not source.startswith(ESCAPE):
            return super()._compile(source)
        code = compile(source, "function.py", "exec")
        return Compiled(base64.b64encode(marshal.dumps(code)).decode(), ())


class Broken(Sandbox):
    """A sandbox with such an engine."""

    def __init__(self, options: Options) -> None:
        super().__init__(replace(options, engine=EngineName.RESTRICTED))
        self._hosts = {name: BrokenHost(name, options) for name in self._hosts}
