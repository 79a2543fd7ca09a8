"""The zygote and its workers as the host sees them: started by exec, ordered over one socket."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox import wire
from sandbox.engines import PACKAGES, EngineName
from sandbox.jail import parent
from sandbox.limits import (
    MAX_ANSWER_FRAME_BYTES,
    MAX_RESULT_FRAME_BYTES,
    ZYGOTE_ANSWER_S,
    ZYGOTE_START_S,
)
from sandbox.memory import resident_bytes

_CONTROL_FD: Final = 3
_HIGH_FD: Final = 64  # above what the child's file actions write to
_CHUNK_BYTES: Final = 65536
_KEPT_VARIABLES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_WATCH_S: Final = 0.02
ORDER_BYTES: Final = 128  # every order is as long as this, so that none runs into the next


class SandboxUnavailable(Exception):
    """The sandbox itself is at fault, never the user's code: trying again may help."""


class SandboxRefused(Exception):
    """No layer of isolation holds on this machine, so nothing is run."""


class EngineUnavailable(SandboxUnavailable):
    """This installation cannot run the engine that was asked for; the text says what to do."""


def _python_paths(engine: EngineName) -> list[str]:
    import importlib.util

    paths = [str(Path(__file__).resolve().parent.parent)]
    for package in PACKAGES[engine]:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise EngineUnavailable(f"the engine {engine} needs {package}, which is not installed")
        paths.append(str(Path(spec.origin).parent.parent))
    return paths


_BOOT: Final = "import sys; sys.path[:0]=sys.argv[5:]; from sandbox.zygote import main; main()"


@dataclass(frozen=True, slots=True)
class End:
    """How a worker's life ended, as the kernel says.

    Attributes:
        signal: that killed it; 0 when it ended by itself.
        exit: its status, when it ended by itself.
        grown_kb: by how much it held more memory, at its most, than a worker does at rest.
    """

    signal: int
    exit: int
    grown_kb: int


class Zygote:
    """One zygote process; not to be shared between threads without a lock."""

    def __init__(
        self,
        engine: EngineName,
        *,
        isolation: str = "auto",
        allow_weak: bool = False,
        watch_memory: bool = False,
    ) -> None:
        # Before the first worker is there: at the level of its user it could read this process.
        parent.shut()
        paths = _python_paths(engine)  # before there is a socket to close when that fails
        host, guest = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control = host
        self._control.settimeout(ZYGOTE_START_S)
        self._line = b""
        settings = [isolation, str(int(allow_weak)), str(int(watch_memory)), engine]
        try:
            self.pid = _spawn(guest, [*settings, *paths])
        finally:
            guest.close()
        self._hello: dict[str, Any] | None = None
        self._closed = False

    @property
    def hello(self) -> dict[str, Any]:
        """What the zygote found out about this machine; waits until it is ready.

        Raises:
            EngineUnavailable: this installation cannot run the engine.
        """
        if self._hello is None:
            self._hello = self._answer()
            self._control.settimeout(ZYGOTE_ANSWER_S)
        if "unusable" in self._hello:
            raise EngineUnavailable(self._hello["unusable"])
        return self._hello

    def order(self, message: dict[str, Any], *, give: socket.socket | None = None) -> Any:
        """Have the zygote do something, and wait for it."""
        self.tell(message, give=give)
        return self._answer()

    def tell(self, message: dict[str, Any], *, give: socket.socket | None = None) -> None:
        """Have the zygote do something that it does not answer."""
        _ = self.hello
        data = json.dumps(message).encode().ljust(ORDER_BYTES)
        try:
            if give is None:
                self._control.sendall(data)
            else:
                socket.send_fds(self._control, [data], [give.fileno()])
        except OSError as problem:
            raise SandboxUnavailable(f"the zygote is gone: {problem}") from problem

    def _answer(self) -> dict[str, Any]:
        while b"\n" not in self._line:
            try:
                data = self._control.recv(_CHUNK_BYTES)
            except OSError as problem:
                # Stopped, perhaps, by a worker of its own user: it is of no use any more.
                self.close()
                raise SandboxUnavailable(f"the zygote does not answer: {problem}") from problem
            if not data:
                raise SandboxUnavailable("the zygote is gone")
            self._line += data
        line, _, self._line = self._line.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the zygote and everything that it forked."""
        if self._closed:
            return  # its number may be another's by now
        self._closed = True
        self._control.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _spawn(guest: socket.socket, arguments: list[str]) -> int:
    import fcntl

    # exec, not fork: the caller may have threads, and its memory may hold secrets.
    high = fcntl.fcntl(guest.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    executable = sys.executable
    argv = [executable, "-I", "-S", "-c", _BOOT, *arguments]
    actions: list[Any] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, high, _CONTROL_FD),
    ]
    # Folders, no secrets; and the Python of AWS Lambda may find its own library only by them.
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment = {"TZ": "UTC0", **kept}
    try:
        return os.posix_spawn(executable, argv, environment, file_actions=actions, setpgroup=0)
    finally:
        os.close(high)


class WorkerProcess:
    """One forked worker: a socket to talk over and a life to end."""

    def __init__(self, zygote: Zygote, *, kind: str, memory_mb: int, cpu_s: int) -> None:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        order = {"op": "fork", "kind": kind, "memory_mb": memory_mb, "cpu_s": cpu_s}
        self._zygote = zygote
        self._socket = mine
        try:
            self.pid = int(zygote.order(order, give=its)["pid"])
        except BaseException:  # an interrupt too: nobody else would close it
            mine.close()
            raise
        finally:
            its.close()
        self._handle = _handle(self.pid)
        mine.settimeout(0)
        self._poll = select.poll()
        self._poll.register(mine, select.POLLIN)
        self._buffer = wire.FrameBuffer(MAX_RESULT_FRAME_BYTES)
        self._end: End | None = None
        self._max_memory_bytes = 0
        self._looked_at_s = 0.0
        room_bytes = zygote.hello["watch"]
        if room_bytes is not None:
            self._max_memory_bytes = resident_bytes(self.pid) + (memory_mb << 20) + room_bytes

    def send(self, *messages: dict[str, Any], timeout_s: float) -> None:
        """Frames to the worker; a worker that does not read them in time is broken."""
        data = b"".join(wire.encode(m, max_bytes=MAX_ANSWER_FRAME_BYTES) for m in messages)
        deadline_s = time.monotonic() + timeout_s
        while data:
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                self._await_room(deadline_s)
            except OSError as problem:
                raise WorkerGone from problem

    def _await_room(self, deadline_s: float) -> None:
        self._poll.modify(self._socket, select.POLLOUT)
        ready = self._poll.poll(_milliseconds(deadline_s - time.monotonic()))
        self._poll.modify(self._socket, select.POLLIN)
        if not ready:
            raise wire.ProtocolBroken("the worker does not read")

    def receive(self, *, deadline_s: float) -> dict[str, Any]:
        """The next frame; TimeoutError when none comes, WorkerGone when none can come."""
        message = self._buffer.pop()
        while message is None:
            self._await_data(deadline_s)
            try:
                data = self._socket.recv(_CHUNK_BYTES)
            except OSError as problem:
                raise WorkerGone from problem
            if not data:
                raise WorkerGone
            self._buffer.feed(data)
            message = self._buffer.pop()
        if time.monotonic() > deadline_s:
            raise TimeoutError
        return message

    @property
    def frame_bytes(self) -> int:
        """How long the frame was that came last."""
        return self._buffer.popped_bytes

    def _await_data(self, deadline_s: float) -> None:
        while True:
            left_s = deadline_s - time.monotonic()
            watched = self._max_memory_bytes > 0
            ready = self._poll.poll(_milliseconds(min(left_s, _WATCH_S) if watched else left_s))
            if watched:
                self._look_at_memory()
            if ready:
                return
            if left_s <= 0 or not watched:
                raise TimeoutError

    def _look_at_memory(self) -> None:
        # By the clock, not by how long nothing came: a worker may talk all the time.
        now_s = time.monotonic()
        if now_s - self._looked_at_s < _WATCH_S:
            return
        self._looked_at_s = now_s
        if resident_bytes(self.pid) > self._max_memory_bytes:
            raise MemoryExceeded

    def quiet(self) -> bool:
        """True when the worker has said nothing since its last answer: it may not."""
        return self._buffer.empty and not self._poll.poll(0)

    def drop(self) -> None:
        """Kill and reap it, whatever it is doing, without waiting for that."""
        if self._end is None:
            self._kill()
            self._end = End(signal.SIGKILL, 0, 0)
            self._zygote.tell({"op": "drop", "pid": self.pid})

    def end(self) -> End:
        """Kill and reap it, whatever it is doing, and hear how it was."""
        if self._end is None:
            self._kill()
            said = self._zygote.order({"op": "end", "pid": self.pid})
            grown_kb = said["max_rss_kb"] - self._zygote.hello["rest_kb"]
            self._end = End(said["signal"], said["exit"], grown_kb)
        return self._end

    def _kill(self) -> None:
        """Kill it without the zygote's help: a worker of its user may have stopped that."""
        self._socket.close()
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)


def _handle(pid: int) -> int | None:
    """A descriptor for this very process, which is reaped only on order; None without such."""
    try:
        return os.pidfd_open(pid) if sys.platform == "linux" else None
    except OSError:  # an older kernel, or a filter: then the zygote kills
        return None


class WorkerGone(Exception):
    """The worker has ended by itself."""


class MemoryExceeded(Exception):
    """The worker holds more memory than it may, where only we enforce that."""


def _milliseconds(seconds: float) -> int:
    return max(math.ceil(seconds * 1000), 0)
