"""Jailed workers of the engine `wasm`, with a raw socket to each: a real parent gives none away."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
from typing import TYPE_CHECKING, Any

from sandbox.engines.wasm import warm
from sandbox.jail import jail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.engines.wasm.worker import Wasm
    from sandbox.jail.seccomp import Filter

HEADER = struct.Struct(">I")
PATIENCE_S = 10.0


def framed(message: dict[str, Any]) -> bytes:
    """The message as it travels."""
    body = json.dumps(message).encode("ascii")
    return HEADER.pack(len(body)) + body


def load_frame(code: str) -> dict[str, Any]:
    """The frame that loads this code, with the limits of the platform."""
    limits = {"result_bytes": 1 << 20, "http_calls": 10, "emits": 100, "log_bytes": 1 << 16}
    about = {"tenant": "t", "function": "f", "webhooks": [], "env": {}, "limits": limits}
    return {"op": "load", "code": code, "about": about}


class Worker:
    """One worker, and the parent's end of its socket."""

    def __init__(self, workers: Workers, pid: int, stream: socket.socket) -> None:
        self._workers, self._pid = workers, pid
        self.socket = stream
        self._data = b""
        self._status: int | None = None
        self._seq = 0

    def load(self, source: str) -> None:
        """Have it load this function."""
        self.socket.sendall(framed(load_frame(self._workers.code(source))))

    def run(self, event: Any) -> dict[str, Any]:
        """What the event ends with, without what it sent on the way; empty when it ended itself."""
        return self.run_all(event)[-1]

    def run_all(self, event: Any) -> list[dict[str, Any]]:
        """All frames of one event; an empty one stands for the end of the worker."""
        self._seq += 1
        self.socket.sendall(framed(warm.run_frame(event, seq=self._seq)))
        frames = [self.receive()]
        while frames[-1] and frames[-1]["op"] != "done":
            frames.append(self.receive())
        return frames

    def receive(self) -> dict[str, Any]:
        """The next frame; empty when the worker is gone."""
        while len(self._data) < HEADER.size or len(self._data) < self._end():
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return {}
            if not more:
                return {}
            self._data += more
        end = self._end()
        body, self._data = self._data[HEADER.size : end], self._data[end:]
        message: dict[str, Any] = json.loads(body)
        return message

    def _end(self) -> int:
        return HEADER.size + int(HEADER.unpack_from(self._data)[0])

    def exit_status(self) -> int:
        """How it ended by itself, after it has closed its socket."""
        assert self.receive() == {}, "the worker still talks"
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._status

    def end(self) -> None:
        """Leave nothing of it."""
        self.socket.close()
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


class Workers:
    """Forks workers of one engine, as the zygote does.

    Args:
        engine: made and warmed up in this process.
        calls: the filter of system calls; None at isolation `rlimit`.
    """

    def __init__(self, engine: Wasm, calls: Filter | None = None) -> None:
        self._engine = engine
        self._calls = calls
        self._codes: dict[str, str] = {}

    def code(self, source: str) -> str:
        """The source compiled in a worker: what compiles it may not have run before."""
        if source not in self._codes:
            with self.fork(kind="compile") as worker:
                worker.socket.sendall(framed({"op": "compile", "seq": 0, "source": source}))
                self._codes[source] = worker.receive()["code"]
        return self._codes[source]

    @contextlib.contextmanager
    def fork(self, *, kind: str = "run", memory_bytes: int = 64 << 20) -> Iterator[Worker]:
        """One worker, jailed by limits."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.settimeout(PATIENCE_S)
        most = jail.memory_now().plus(memory_bytes + self._engine.room_bytes)
        pid = os.fork()
        if pid == 0:
            try:
                cell = jail.Cell(most, int(PATIENCE_S), self._calls)
                jail.enter(cell, socket_fd=its.fileno())
                self._engine.work(kind, memory_bytes=memory_bytes)
            finally:
                os._exit(99)
        its.close()
        worker = Worker(self, pid, ours)
        try:
            yield worker
        finally:
            worker.end()
