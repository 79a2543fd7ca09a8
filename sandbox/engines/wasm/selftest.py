"""Tries what the engine promises, in forks of the zygote, before it says that it is ready."""

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
_PATIENCE_S: Final = 2.0
_MEMORY_BYTES: Final = 8 << 20
# More than a part of a warmed guest that is free; less than is reserved.
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
    """What does not hold, in words; empty when the engine may be used.

    Args:
        engine: warmed up, in a process of one thread.
        code: what the engine's guest made of `SOURCE`.
    """
    with _worker(engine, code) as one, _worker(engine, code) as other:
        drawn = [one.run("draw"), other.run("draw")]
        grown = one.run("grow")
        deep, deep_status = one.run("nest"), one.exit_status()
        reached, reached_status = other.run("reach"), other.exit_status()
    broken = []
    if not all(done.get("outcome") == "returned" for done in drawn):
        broken.append(f"an event does not run: {drawn[0]}")
    elif drawn[0]["output"] == drawn[1]["output"]:
        broken.append("two workers draw the same random bytes")
    if grown.get("output") != "refused":
        broken.append("a function may take more memory than its limit")
    if deep.get("error", {}).get("type") != "RecursionError" or deep_status != 1:
        broken.append("a function that uses up the stack does not end in a RecursionError")
    if reached or reached_status != 1:
        broken.append("a function reaches more than its imports")
    return broken


class _Worker:
    """A fork of the zygote that is not jailed, and what we sent it last."""

    def __init__(self, pid: int, stream: socket.socket) -> None:
        self._pid, self._socket = pid, stream
        self._status: int | None = None
        self._seq = 0

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode("ascii")
        self._socket.sendall(_HEADER.pack(len(body)) + body)

    def run(self, event: str) -> dict[str, Any]:
        """What the event ends with; empty when the worker ended."""
        self._seq += 1
        try:
            self.send(warm.run_frame(event, seq=self._seq))
            return self._receive()
        except OSError:
            return {}

    def _receive(self) -> dict[str, Any]:
        data = b""
        while len(data) < _HEADER.size or len(data) < _HEADER.size + _HEADER.unpack_from(data)[0]:
            more = self._socket.recv(_CHUNK_BYTES)
            if not more:
                return {}
            data += more
        message: dict[str, Any] = json.loads(data[_HEADER.size :])
        return message

    def exit_status(self) -> int:
        """How the worker ended by itself; negative when it had to be killed."""
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
        """Leave nothing of it behind."""
        if self._status is None:
            with contextlib.suppress(OSError):  # it has closed its end first
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
        with contextlib.suppress(OSError):  # it is gone: its first event shows that
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
