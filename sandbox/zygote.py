"""The zygote: a process that makes one engine ready, and forks a worker whenever the host asks.

The host starts it by exec. Its environment has nothing but the time zone, which is UTC, and the
folders of shared libraries.
"""

from __future__ import annotations

import gc
import importlib.machinery
import json
import os
import platform
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sandbox import engines
from sandbox.jail import jail, parent, seccomp, selftest
from sandbox.jail.leftovers import Leftovers

if TYPE_CHECKING:
    from sandbox.engines import Engine

CONTROL_FD: Final = 3
# The exit status of a worker that had too little memory left to say so itself: what container
# runtimes show for one that was killed for its memory.
_NO_MEMORY: Final = 137
_FINDERS: Final = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)
_ORDER_BYTES: Final = 128
# Pages of shared libraries: they count as a worker's once it has touched them.
_LIBRARY_BYTES: Final = 64 << 20


def main() -> None:
    """Serve the host until it closes the control socket.

    Command line: isolation (`auto`, `seccomp` or `rlimit`); `1` if functions may run without any;
    `1` if the parent measures the workers' memory itself; the engine's name.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent.shut()
    os.closerange(CONTROL_FD + 1, jail.MAX_DESCRIPTORS)  # files that the host had open
    control = socket.socket(fileno=CONTROL_FD)
    control.set_inheritable(False)
    isolation, allow_weak, parent_watches = sys.argv[1], sys.argv[2] == "1", sys.argv[3] == "1"
    try:
        engine = _ready(engines.EngineName(sys.argv[4]))
    except engines.EngineUnusable as problem:
        _say(control, {"unusable": str(problem)})
        return
    rest_kb = _rest_kb()
    choice = selftest.choose(isolation, allow_weak=allow_weak)
    base = jail.Memory(0, 0) if parent_watches else jail.memory_now()
    hello = {
        "isolation": choice.level,
        "report": choice.report,
        "watch": _watch(base, counts_growth=choice.counts_growth, room_bytes=engine.room_bytes),
        "version": engine.version,
        "rest_kb": rest_kb,
        "measure": engine.measure,
    }
    _say(control, hello)
    if choice.level != "none":
        _serve(control, engine, base=base, has_filter=choice.level == "seccomp")


def _rest_kb() -> int:
    """The peak of memory of a worker that runs no function, in KiB.

    The kernel gives the peak of all children so far: a fork that ends at once, and the workers of
    the engine's self-test if it has one. So this must be called before the jail's self-test, whose
    children take as much memory as they can.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return _max_rss_kb(resource.getrusage(resource.RUSAGE_CHILDREN))


def _max_rss_kb(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss // 1024


def _watch(base: jail.Memory, *, counts_growth: bool, room_bytes: int) -> int | None:
    """How many bytes beyond its limit a worker may hold before the host kills it.

    None if the kernel enforces the limit, so that the host need not measure.
    """
    if not (base.address_bytes and counts_growth):
        return room_bytes
    # The kernel's limits hold, except for memory reserved before the fork; see
    # `jail.limit_resources`.
    return room_bytes + _LIBRARY_BYTES if base.reserves else None


def _ready(name: engines.EngineName) -> Engine:
    engine = engines.prepare(name)
    if faults := engine.faults():
        raise engines.EngineUnusable(f"the engine {name} fails its self-test: {'; '.join(faults)}")
    gc.collect()
    gc.freeze()
    return engine


def _serve(control: socket.socket, engine: Engine, *, base: jail.Memory, has_filter: bool) -> None:
    calls = seccomp.Filter(seccomp.worker_program(platform.machine())) if has_filter else None
    leftovers = None if has_filter else Leftovers(jail.worker_user())
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, _ORDER_BYTES, 1)
        if not data:
            os._exit(0)
        order = json.loads(data)
        if order["op"] == "fork":
            if leftovers is not None:
                leftovers.begin()
            memory_bytes = int(order["memory_mb"]) << 20
            memory = base.plus(memory_bytes + engine.room_bytes)
            cell = jail.Cell(memory, int(order["cpu_s"]), calls)
            pid = os.fork()
            if pid == 0:
                _be_a_worker(
                    engine, cell, order["kind"], socket_fd=descriptors[0], memory_bytes=memory_bytes
                )
            os.close(descriptors[0])
            _say(control, {"pid": pid})
        else:
            end = _end(int(order["pid"]))
            if leftovers is not None:
                leftovers.remove()
            if order["op"] == "end":
                _say(control, end)


def _import_no_files() -> None:
    """Make an import of a module that is not loaded fail as if the module did not exist.

    The jail refuses to open files, and that error would show user code where Python is installed.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder in _FINDERS]


def _be_a_worker(
    engine: Engine, cell: jail.Cell, kind: str, *, socket_fd: int, memory_bytes: int
) -> NoReturn:
    """Work until the parent ends this process, and end it here whatever happens: never return.

    What stands here must not need memory: user code can have left none. A `with` block needs some
    at its end; CPython 3.11 tries again without end where it does not get it.
    """
    status = 1
    try:
        _import_no_files()
        jail.enter(cell, socket_fd=socket_fd)
        engine.work(kind, memory_bytes=memory_bytes)
        status = 0
    except MemoryError:
        status = _NO_MEMORY
    finally:
        os._exit(status)


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def _end(pid: int) -> dict[str, Any]:
    """Kill and reap a worker, and say how it ended.

    Only this function reaps, so the worker's id cannot have become another process's.
    """
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return {"signal": 0, "exit": 0, "no_memory": False, "max_rss_kb": 0, "cpu_s": 0.0}
    status, usage = _last_status(pid)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        "no_memory": os.WIFEXITED(status) and os.WEXITSTATUS(status) == _NO_MEMORY,
        "max_rss_kb": _max_rss_kb(usage),
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


def _last_status(pid: int) -> tuple[int, Any]:
    while True:
        _, status, usage = os.wait4(pid, 0)
        # If a worker has asked this process to trace it, wait4 also returns when the worker stops.
        if os.WIFSIGNALED(status) or os.WIFEXITED(status):
            return status, usage


if __name__ == "__main__":
    main()
