"""What native code in a worker can do once it has closed its socket; prints JSON.

    python -m tests.sandbox.after_close LEVEL

Nothing can report from there: each worker says by its exit code whether the act got through.
"""

import json
import os
import select
import sys
import time
from typing import Any

from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.process import WorkerProcess
from tests.sandbox.broken import BrokenHost, native_source

HELD, GOT_THROUGH, ODD = "held", "got through", "odd"
_CODES = {70: HELD, 71: GOT_THROUGH}
ACTS = {
    "open a file": 'open("/etc/passwd").read()',
    "open the parent's environment": 'open(f"/proc/{OS[\'getppid\']()}/environ").read()',
    "open its own memory": 'open("/proc/self/mem", "r+b")',
    "list a folder": 'OS["listdir"]("/")',
    "make a stream socket": 'SYS.modules["socket"].socket()',
    "make a datagram socket": 'SYS.modules["socket"].socket(2, 2)',
    "make a unix socket": 'SYS.modules["socket"].socket(1, 1)',
    "make a pair of sockets": 'SYS.modules["socket"].socketpair()',
    "make a pipe": 'OS["pipe"]()',
    "make a poller": 'LIBC_CALL("epoll_create1", 0)',
    "make an event counter": 'LIBC_CALL("eventfd", 0, 0)',
    "make a file in memory": 'call("memfd_create", b"x", 0)',
    "make a timer that is a file": 'call("timerfd_create", 0, 0)',
    "make a signal queue that is a file": 'LIBC_CALL("signalfd", -1, room(128), 0)',
    "watch files": 'call("inotify_init1", 0)',
    "watch all files": 'call("fanotify_init", 0, 0)',
    "catch page faults": 'call("userfaultfd", 1)',
    "open a message queue": 'call("mq_open", b"x", 0o102, 0o600, None)',
    "share memory by name": 'LIBC_CALL("shm_open", b"/x", 0o102, 0o600)',
    "get a handle of its parent": 'OS["pidfd_open"](OS["getppid"]())',
    "measure the parent": 'call("perf_event_open", room(128), OS["getppid"](), -1, -1, 0)',
    "load a program into the kernel": 'call("bpf", 0, room(128), 128)',
    "make an io_uring": 'call("io_uring_setup", 4, room(256))',
    "make an io_uring without a descriptor that holds files": "ring_without_descriptor()",
    "duplicate what is closed": 'call("dup", 0)',
    "start a program": 'OS["posix_spawn"]("/bin/true", ["true"], {})',
    "become a program": 'OS["execv"]("/bin/true", ["true"])',
    "fork": 'OS["fork"]()',
    "start a thread": 'SYS.modules["_thread"].start_new_thread(print, ())',
    "raise its limits": 'SYS.modules["resource"].setrlimit(7, (100, 100))',
}  # fmt: skip
_BODY = """
def LIBC_CALL(name, *arguments):
    return checked(getattr(LIBC, name)(*arguments))
OS["close"](0)
try:
    ACT
except BaseException:
    OS["_exit"](70)
OS["_exit"](71)
"""


def try_all(level: str) -> dict[str, str]:
    """For each act how it ended."""
    host = BrokenHost(EngineName.RESTRICTED, Options(level))
    try:
        return {name: _ending(host, act) for name, act in ACTS.items()}
    finally:
        host.close()


def _ending(host: BrokenHost, act: str) -> str:
    source = native_source(_BODY.replace("ACT", act))
    worker = host.worker(kind="run", memory_mb=128, cpu_s=5)
    try:
        run: dict[str, Any] = {
            "op": "run", "seq": 1, "run_id": "r", "event": {}, "profile": None, "wall_s": 5.0,
            "deadline_ms": int(time.time() * 1000) + 5000,
        }  # fmt: skip
        limits = {"result_bytes": 1000, "http_calls": 0, "emits": 0, "log_bytes": 0}
        about = {"tenant": "t", "function": "f", "webhooks": None, "limits": limits}
        load = {"op": "load", "code": host.compiled(source).code, "about": about}
        handle = os.pidfd_open(worker.pid)
        worker.send(load, run, timeout_s=5.0)
        return _exit_of(worker, handle)
    finally:
        worker.end()


def _exit_of(worker: WorkerProcess, handle: int) -> str:
    # Not before the worker has ended by itself: the closed socket says nothing of the act.
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    ended = watch.poll(5000)
    os.close(handle)
    end = worker.end()
    return _CODES.get(end.exit, f"{ODD}: {end}") if ended else f"{ODD}: it goes on"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(try_all(sys.argv[1])))
