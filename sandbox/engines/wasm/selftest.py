"""Tests the engine's promises in forks of the zygote, before the zygote says that it is ready."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sandbox.engines.wasm import warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.engines import Engine

_HEADER: Final = struct.Struct(">I")
_CHUNK_BYTES: Final = 65536
_PATIENCE_S: Final = 2.0  # for one answer of a worker
_MEMORY_BYTES: Final = 8 << 20  # that a worker may grow by
# More than a warmed guest has free, and less than what is reserved: only the limit can refuse it.
_MUCH_BYTES: Final = 128 << 20
SOURCE: Final = f"""
import json, os
def handler(event, context):
    if event == "draw":
        return os.urandom(16).hex()
    if event == "grow":
        try:
            return len(bytearray({_MUCH_BYTES}))
        except MemoryError:
            return "refused"
    if event == "nest":
        return json.loads("[" * 100000)  # the parser calls itself deeper than its stack is
    os.write(1, b"reaches for a stream")
"""


def faults(engine: Engine, code: str) -> list[str]:
    """Which of the engine's promises are broken, in words; empty if it may be used.

    Args:
        engine: the warmed-up engine, in a process that has one thread only.
        code: `SOURCE`, compiled by the engine.
    """
    with _worker(engine, code) as first, _worker(engine, code) as second:
        draws = [first.run("draw"), second.run("draw")]
        growth = first.run("grow")
        nesting, nesting_status = first.run("nest"), first.exit_status()
        reach, reach_status = second.run("reach"), second.exit_status()
    broken = []
    if not all(draw.get("outcome") == "returned" for draw in draws):
        broken.append(f"an event does not run: {draws[0]}")
    elif draws[0]["output"] == draws[1]["output"]:
        broken.append("two workers draw the same random bytes")
    if growth.get("output") != "refused":
        broken.append("a function may take more memory than its limit")
    if nesting.get("error", {}).get("type") != "RecursionError" or nesting_status != 1:
        broken.append("a function that uses up the stack does not end in a RecursionError")
    if reach or reach_status != 1:
        broken.append("a function reaches more than its imports")
    return broken


class _Worker:
    """A fork of the zygote that is not jailed."""

    def __init__(self, pid: int, stream: socket.socket) -> None:
        self._pid, self._socket = pid, stream
        self._status: int | None = None
        self._seq = 0

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode("ascii")
        self._socket.sendall(_HEADER.pack(len(body)) + body)

    def run(self, event: str) -> dict[str, Any]:
        """The `done` frame of the event; empty if the worker ended without one."""
        self._seq += 1
        try:
            self.send(warm.run_frame(event, seq=self._seq))
            return self._receive()
        except OSError:
            return {}

    def _receive(self) -> dict[str, Any]:
        data = b""
        while len(data) < _HEADER.size or len(data) < _HEADER.size + _HEADER.unpack_from(data)[0]:
            chunk = self._socket.recv(_CHUNK_BYTES)
            if not chunk:
                return {}
            data += chunk
        message: dict[str, Any] = json.loads(data[_HEADER.size :])
        return message

    def exit_status(self) -> int:
        """The worker's exit status; negative if it did not end by itself and had to be killed."""
        if self._status is None:
            if not self._gone():
                os.kill(self._pid, signal.SIGKILL)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._status

    def _gone(self) -> bool:
        try:
            return not self._socket.recv(_CHUNK_BYTES)
        except TimeoutError:
            return False
        except OSError:  # a worker that ends with a frame unread resets the connection
            return True

    def end(self) -> None:
        """End the worker and reap it."""
        if self._status is None:
            with contextlib.suppress(OSError):  # the worker has closed its end already
                self._socket.shutdown(socket.SHUT_WR)
            self.exit_status()
        self._socket.close()


@contextlib.contextmanager
def _worker(engine: Engine, code: str) -> Iterator[_Worker]:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(_PATIENCE_S)
    pid = os.fork()
    if pid == 0:
        _live(engine, its)
    its.close()
    worker = _Worker(pid, ours)
    try:
        with contextlib.suppress(OSError):  # if the worker has ended, its first event shows it
            worker.send(warm.load_frame(code))
        yield worker
    finally:
        worker.end()


def _live(engine: Engine, its: socket.socket) -> NoReturn:
    try:
        os.dup2(its.fileno(), 0)
        os.closerange(1, its.fileno() + 1)
        engine.work("run", memory_bytes=_MEMORY_BYTES)
    finally:
        os._exit(2)
