"""Started by exec with an empty environment; imports everything once, forks workers on order."""

from __future__ import annotations

import gc
import json
import os
import platform
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.child import Cell

CONTROL_FD = 3
_ORDER_BYTES = 128


def main() -> None:
    """Serve the host until it closes the control socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=CONTROL_FD)
    control.set_inheritable(False)
    wanted, allow_weak = sys.argv[1], sys.argv[2] == "1"
    watched = sys.argv[3] == "1"
    from sandbox import child, jail, warm

    warm.up()
    gc.collect()
    gc.freeze()
    level, report = _choose(wanted, allow_weak=allow_weak)
    seccomp = _filter() if level == "seccomp" else None
    base = 0 if watched else jail.base_memory_bytes()
    _say(control, {"isolation": level, "report": report, "watched": base == 0})
    if level == "none":
        return
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, _ORDER_BYTES, 1)
        if not data:
            os._exit(0)
        order = json.loads(data)
        if order["op"] == "fork":
            memory_bytes = base + (int(order["memory_mb"]) << 20) if base else 0
            cell = child.Cell(memory_bytes, int(order["cpu_s"]), seccomp)
            _say(control, {"pid": _fork(order["kind"], cell, descriptors[0])})
        else:
            end = _end(int(order["pid"]))
            if order["op"] == "end":
                _say(control, end)


def _fork(kind: str, cell: Cell, socket_fd: int) -> int:
    pid = os.fork()
    if pid == 0:
        from sandbox import child

        child.main(kind, cell, socket_fd)
    os.close(socket_fd)
    return pid


def _choose(wanted: str, *, allow_weak: bool) -> tuple[str, dict[str, Any]]:
    from sandbox import selftest

    return selftest.choose(wanted, allow_weak=allow_weak)


def _filter() -> Any:
    from sandbox import seccomp

    return seccomp.Filter(seccomp.worker_program(platform.machine()))


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def _end(pid: int) -> dict[str, Any]:
    """Kill and reap a worker; nobody else reaps, so the id cannot have become another's."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return {"signal": 0, "exit": 0, "max_rss_kb": 0, "cpu_s": 0.0}
    _, status, usage = os.wait4(pid, 0)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        "max_rss_kb": usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss // 1024,
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


if __name__ == "__main__":
    main()
