"""The zygote and its workers as the host sees them.

The host starts the zygote by exec and gives it orders over a socket; the zygote forks the workers.
"""

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
from sandbox.memory import Measure, peak_bytes, resident_bytes

_CONTROL_FD: Final = 3
_HIGH_FD: Final = 64  # above the descriptors 0, 1 and 3 that the zygote's file actions replace
_CHUNK_BYTES: Final = 65536
_LIBRARY_VARIABLES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_WATCH_S: Final = 0.02  # between two looks at a worker's memory
ORDER_BYTES: Final = 128  # of every order, padded: so the zygote reads exactly one at a time


class SandboxUnavailable(Exception):
    """The sandbox itself failed, not the user's code. Another try may succeed."""


class SandboxRefused(Exception):
    """No layer of isolation stops every forbidden act on this machine, so nothing is run."""


class EngineUnavailable(SandboxUnavailable):
    """This installation cannot run the engine; the message says what to do about it."""


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
    """How the kernel says that a worker ended."""

    # The number of the signal that killed it; 0 if it ended by itself.
    signal: int
    # Its exit status; 0 if a signal killed it.
    exit: int
    # Whether it ended by itself because it had no memory left.
    no_memory: bool
    # Its peak of memory above what a worker without a function holds, in KiB.
    grown_kb: int


class Zygote:
    """One zygote process. Threads that share one need a lock.

    Raises:
        EngineUnavailable: a package that the engine needs is not installed.
    """

    def __init__(
        self,
        engine: EngineName,
        *,
        isolation: str = "auto",
        allow_weak: bool = False,
        watch_memory: bool = False,
    ) -> None:
        # Before the first worker exists: a worker of the same user could read this process.
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
        self._is_closed = False

    @property
    def hello(self) -> dict[str, Any]:
        """What the zygote found out about this machine, as `zygote.main` writes it.

        The first call waits until the zygote is ready.

        Raises:
            EngineUnavailable: this installation cannot run the engine.
            SandboxUnavailable: the zygote has ended, or has not answered in time.
        """
        if self._hello is None:
            self._hello = self._answer()
            self._control.settimeout(ZYGOTE_ANSWER_S)
        if "unusable" in self._hello:
            raise EngineUnavailable(self._hello["unusable"])
        return self._hello

    def order(self, message: dict[str, Any], *, give: socket.socket | None = None) -> Any:
        """Give the zygote an order and wait for its answer.

        Args:
            message: the order.
            give: a socket that goes to the zygote with it; None sends none.

        Raises:
            SandboxUnavailable: the zygote has ended, or has not answered in time.
        """
        self.tell(message, give=give)
        return self._answer()

    def tell(self, message: dict[str, Any], *, give: socket.socket | None = None) -> None:
        """Give the zygote an order that it does not answer; otherwise as `order`."""
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
                # A worker of the zygote's own user may have stopped it. It cannot be used again.
                self.close()
                raise SandboxUnavailable(f"the zygote does not answer: {problem}") from problem
            if not data:
                raise SandboxUnavailable("the zygote is gone")
            self._line += data
        line, _, self._line = self._line.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Kill the zygote and everything that it forked."""
        if self._is_closed:
            return  # another process may have its number by now
        self._is_closed = True
        self._control.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _spawn(guest: socket.socket, arguments: list[str]) -> int:
    import fcntl

    # The zygote is started by exec and not by fork: the caller may have threads, which a fork would
    # not copy, and secrets in its memory, which it would.
    high = fcntl.fcntl(guest.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    executable = sys.executable
    argv = [executable, "-I", "-S", "-c", _BOOT, *arguments]
    actions: list[Any] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, high, _CONTROL_FD),
    ]
    # These name folders and hold no secrets. Without them AWS Lambda's Python may not find its own
    # shared library.
    library_folders = {name: os.environ[name] for name in _LIBRARY_VARIABLES if name in os.environ}
    environment = {"TZ": "UTC0", **library_folders}
    try:
        return os.posix_spawn(executable, argv, environment, file_actions=actions, setpgroup=0)
    finally:
        os.close(high)


class WorkerProcess:
    """One forked worker, with the socket that frames go over."""

    def __init__(self, zygote: Zygote, *, kind: str, memory_mb: int, cpu_s: int) -> None:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        order = {"op": "fork", "kind": kind, "memory_mb": memory_mb, "cpu_s": cpu_s}
        self._zygote = zygote
        self._socket = mine
        try:
            self.pid = int(zygote.order(order, give=its)["pid"])
        except BaseException:  # an interrupt too: nobody else would close the socket
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
        self._measure = Measure(zygote.hello["measure"])
        self._rest_bytes = self._empty_bytes()
        self._max_memory_bytes = 0
        self._looked_at_s = 0.0
        room_bytes = zygote.hello["watch"]
        if room_bytes is not None:
            self._max_memory_bytes = resident_bytes(self.pid) + (memory_mb << 20) + room_bytes

    def send(self, *messages: dict[str, Any], timeout_s: float) -> None:
        """Send these messages, one frame each.

        Raises:
            ProtocolBroken: the worker has not read them within `timeout_s`, or one is too large.
            WorkerGone: the worker has ended.
        """
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
            raise wire.ProtocolBroken("the worker has not read its frames in time")

    def receive(self, *, deadline_s: float) -> dict[str, Any]:
        """The worker's next message; waits for it.

        Args:
            deadline_s: when to give up, by `time.monotonic()`.

        Raises:
            TimeoutError: no whole frame has come by then.
            WorkerGone: the worker has ended.
            MemoryExceeded: it holds more memory than it may, and the kernel does not see to that.
            ProtocolBroken: it sent something that is not a frame.
        """
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
        """The length of the frame that `receive` read last, with its header."""
        return self._buffer.popped_bytes

    def _await_data(self, deadline_s: float) -> None:
        while True:
            left_s = deadline_s - time.monotonic()
            is_watched = self._max_memory_bytes > 0
            ready = self._poll.poll(_milliseconds(min(left_s, _WATCH_S) if is_watched else left_s))
            if is_watched:
                self._look_at_memory()
            if ready:
                return
            if left_s <= 0 or not is_watched:
                raise TimeoutError

    def _look_at_memory(self) -> None:
        # The clock says when to look, and not a pause between frames: a worker that sends frames
        # without a pause would never be looked at.
        now_s = time.monotonic()
        if now_s - self._looked_at_s < _WATCH_S:
            return
        self._looked_at_s = now_s
        if resident_bytes(self.pid) > self._max_memory_bytes:
            raise MemoryExceeded

    def _empty_bytes(self) -> int | None:
        """Bytes of memory that this worker has without a function."""
        if self._measure is Measure.WRITABLE and sys.platform == "linux":
            return peak_bytes(self.pid, self._measure)  # it was forked just now
        return int(self._zygote.hello["rest_kb"]) << 10

    def grown_mb(self) -> float | None:
        """The worker's peak of memory so far above what it has without a function, in MiB.

        None once it has ended (then `end` says), or if the kernel does not say.
        """
        peak = None if self._end is not None else peak_bytes(self.pid, self._measure)
        if peak is None or self._rest_bytes is None:
            return None
        return max(peak - self._rest_bytes, 0) / (1 << 20)

    def quiet(self) -> bool:
        """Whether the worker has sent nothing since its last answer. Between events it must not."""
        return self._buffer.empty and not self._poll.poll(0)

    def drop(self) -> None:
        """Have the worker killed and reaped, whatever it is doing; does not wait for it."""
        if self._end is None:
            self._kill()
            self._end = End(signal.SIGKILL, 0, no_memory=False, grown_kb=0)
            self._zygote.tell({"op": "drop", "pid": self.pid})

    def end(self) -> End:
        """Kill and reap the worker, whatever it is doing, and wait for the kernel's report."""
        if self._end is None:
            self._kill()
            report = self._zygote.order({"op": "end", "pid": self.pid})
            grown_kb = report["max_rss_kb"] - self._zygote.hello["rest_kb"]
            self._end = End(
                report["signal"],
                report["exit"],
                no_memory=report["no_memory"],
                grown_kb=grown_kb,
            )
        return self._end

    def _kill(self) -> None:
        """Kill the worker without the zygote, which a worker of the same user may have stopped."""
        self._socket.close()
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)


def _handle(pid: int) -> int | None:
    """A pidfd of this worker, which stays its own until the zygote reaps it; None if there is none.

    https://man7.org/linux/man-pages/man2/pidfd_open.2.html
    """
    try:
        return os.pidfd_open(pid) if sys.platform == "linux" else None
    except OSError:  # an older kernel, or a filter that refuses the call: then the zygote kills
        return None


class WorkerGone(Exception):
    """The worker has ended by itself."""


class MemoryExceeded(Exception):
    """The worker holds more memory than it may, and only the parent enforces that here."""


def _milliseconds(seconds: float) -> int:
    return max(math.ceil(seconds * 1000), 0)
