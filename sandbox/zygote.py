"""Started by exec with an empty environment; makes one engine ready, forks its workers on order."""

from __future__ import annotations

import contextlib
import gc
import importlib.machinery
import json
import os
import platform
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

from sandbox import engines
from sandbox.jail import jail, parent, seccomp, selftest
from sandbox.jail.leftovers import Leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.engines import Engine

CONTROL_FD: Final = 3
_FINDERS: Final = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)
_ORDER_BYTES: Final = 128
# Pages of libraries, which a worker holds only once it has touched them.
_FILES_BYTES: Final = 64 << 20


def main() -> None:
    """Serve the host until it closes the control socket.

    The arguments are: the isolation wanted, whether a weak one will do, whether the parent
    watches memory itself, and the engine.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent.shut()
    os.closerange(CONTROL_FD + 1, jail.MAX_DESCRIPTORS)  # what the host happened to hold open
    control = socket.socket(fileno=CONTROL_FD)
    control.set_inheritable(False)
    isolation, allow_weak, watched = sys.argv[1], sys.argv[2] == "1", sys.argv[3] == "1"
    try:
        engine = _ready(engines.EngineName(sys.argv[4]))
    except engines.EngineUnusable as problem:
        _say(control, {"unusable": str(problem)})
        return
    rest_kb = _rest_kb()
    choice = selftest.choose(isolation, allow_weak=allow_weak)
    base = jail.Memory(0, 0) if watched else jail.memory_now()
    hello = {
        "isolation": choice.level,
        "report": choice.report,
        "watch": _watch(base, counted=choice.counts_growth, room_bytes=engine.room_bytes),
        "version": engine.version,
        "rest_kb": rest_kb,
    }
    _say(control, hello)
    if choice.level != "none":
        _serve(control, engine, base=base, filtered=choice.level == "seccomp")


def _rest_kb() -> int:
    """What a worker holds, at most, that has nothing of a function's in it.

    The engine's self-test has run events in workers, where it needs any; a fork alone holds what
    this process does. Called before the jail's self-test, whose children take all that they get.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return _max_rss_kb(resource.getrusage(resource.RUSAGE_CHILDREN))


def _max_rss_kb(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss // 1024


def _watch(base: jail.Memory, *, counted: bool, room_bytes: int) -> int | None:
    """How much a worker may hold beyond its limit before the host kills it; None: do not look."""
    if not (base.address_bytes and counted):
        return room_bytes
    # The kernel's limits hold for whatever the engine does; but see `jail.limit_resources`.
    return room_bytes + _FILES_BYTES if base.reserves else None


def _ready(name: engines.EngineName) -> Engine:
    engine = engines.prepare(name)
    if faults := engine.faults():
        raise engines.EngineUnusable(f"the engine {name} fails its self-test: {'; '.join(faults)}")
    gc.collect()
    gc.freeze()
    return engine


def _serve(control: socket.socket, engine: Engine, *, base: jail.Memory, filtered: bool) -> None:
    calls = seccomp.Filter(seccomp.worker_program(platform.machine())) if filtered else None
    leftovers = None if filtered else Leftovers(jail.worker_user())
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, _ORDER_BYTES, 1)
        if not data:
            os._exit(0)
        order = json.loads(data)
        if order["op"] == "fork":
            if leftovers is not None:
                leftovers.begin()
            memory_bytes = int(order["memory_mb"]) << 20
            most = base.plus(memory_bytes + engine.room_bytes)
            cell = jail.Cell(most, int(order["cpu_s"]), calls)
            pid = os.fork()
            if pid == 0:
                with _end_of_process():
                    _import_no_files()
                    jail.enter(cell, socket_fd=descriptors[0])
                    engine.work(order["kind"], memory_bytes=memory_bytes)
            os.close(descriptors[0])
            _say(control, {"pid": pid})
        else:
            end = _end(int(order["pid"]))
            if leftovers is not None:
                leftovers.remove()
            if order["op"] == "end":
                _say(control, end)


def _import_no_files() -> None:
    """Let imports fail as those of modules that do not exist.

    The jail lets no file be opened, and the error of that would show where Python lies here.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder in _FINDERS]


@contextlib.contextmanager
def _end_of_process() -> Iterator[None]:
    """End this process with the block, whatever happens in it: a worker never returns."""
    status = 1
    try:
        yield
        status = 0
    finally:
        os._exit(status)


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def _end(pid: int) -> dict[str, Any]:
    """Kill and reap a worker; nobody else reaps, so the id cannot have become another's."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return {"signal": 0, "exit": 0, "max_rss_kb": 0, "cpu_s": 0.0}
    status, usage = _last_status(pid)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        "max_rss_kb": _max_rss_kb(usage),
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


def _last_status(pid: int) -> tuple[int, Any]:
    while True:
        _, status, usage = os.wait4(pid, 0)
        # A worker that has made this process its tracer is reported when it only stops, too.
        if os.WIFSIGNALED(status) or os.WIFEXITED(status):
            return status, usage


if __name__ == "__main__":
    main()
