"""A worker of the engine `wasm`: it relays frames between the parent and the guest.

The zygote makes the guest and warms it up, once. Each worker is a fork of the zygote, with a memory
of its own by copy-on-write. So a worker need not load, compile or map anything, which it could not
do in its jail.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import time
from typing import Any, Final, NoReturn

from sandbox.engines import EngineUnusable
from sandbox.engines.wasm import artefact, binding, reserve, selftest, warm
from sandbox.engines.wasm.imports import imports
from sandbox.limits import COMPILE_MEMORY_MB
from sandbox.memory import Measure

SOCKET_FD: Final = 0
_HEADER: Final = struct.Struct(">I")
_CHUNK_BYTES: Final = 65536
_SLEEP_FRAME_BYTES: Final = 128  # a longer frame cannot ask for sleep, and is not parsed here
_NOTHING: Final = b'{"op":"answer","value":null}'
# The parent's wall clock ends the run long before. A longer sleep would overflow the clock.
_MAX_SLEEP_S: Final = 86_400
# A worker's own memory: copies of a result and of an answer in transit, and pages of the library.
_ROOM_BYTES: Final = 32 << 20
_MAX_GROWTH_BYTES: Final = COMPILE_MEMORY_MB << 20  # no worker may take more than one that compiles
# Taken for a guest's memory at rest if the kernel does not say; it is more than that.
_IMAGE_BYTES: Final = 64 << 20

_TOO_DEEP: Final = {
    "type": "RecursionError",
    "message": "maximum recursion depth exceeded",
    "frames": [],
}
_TOO_DEEP_SOURCE: Final = {
    "line": 0,
    "column": 0,
    "code": "too_complex",
    "message": "the source is nested too deeply to be compiled",
    "hint": "split it up",
    "severity": "error",
}


class Parent:
    """The other end of the guest's frames: the parent in a worker, and nobody in the zygote."""

    def __init__(self) -> None:
        self._waiting = b""
        self._listens = False

    def listen(self) -> None:
        """Send the guest's frames to the parent from now on."""
        self._listens = True

    def send(self, frame: bytes) -> None:
        """Send one frame to the parent, if it listens."""
        if not self._listens:
            return
        data = _HEADER.pack(len(frame)) + frame
        written_bytes = os.write(SOCKET_FD, data)
        while written_bytes < len(data):
            written_bytes += os.write(SOCKET_FD, data[written_bytes:])

    def call(self, frame: bytes) -> bytes:
        """Send one frame, and give the frame that answers it.

        The worker itself answers a request to sleep, by sleeping; the parent's clock runs on.
        """
        if not self._listens:
            return _NOTHING
        if len(frame) < _SLEEP_FRAME_BYTES and b'"sleep"' in frame:
            message = json.loads(frame)
            if message["op"] == "sleep":
                seconds = min(max(message["seconds"], 0), _MAX_SLEEP_S)
                time.sleep(seconds)  # noqa: TID251 - user code's own wait
                return _NOTHING
        self.send(frame)
        return self.receive()

    def receive(self) -> bytes:
        """The next frame from the parent; waits for it. Ends this process if the parent is gone."""
        data = self._waiting or self._read()
        while len(data) < _HEADER.size:
            data += self._read()
        end = _HEADER.size + _HEADER.unpack_from(data)[0]
        if len(data) < end:
            chunks, size = [data], len(data)
            while size < end:
                chunks.append(self._read())
                size += len(chunks[-1])
            data = b"".join(chunks)
        self._waiting = data[end:]
        return data[_HEADER.size : end]

    def _read(self) -> bytes:
        data = os.read(SOCKET_FD, _CHUNK_BYTES)
        if not data:
            os._exit(0)
        return data


class Wasm:
    """The engine `wasm` (see `sandbox.engines.Engine`).

    Attributes:
        base_bytes: memory that the warmed-up guest has; a function's memory comes on top.

    Raises:
        Refused: the library or the guest is not the one that this code is written for.
        Trap: the guest was stopped while it was warmed up.
        EngineUnusable: the guest cannot compile or run its first function.
    """

    measure = Measure.WRITABLE  # the guest's memory grows within its reserved range
    room_bytes = _ROOM_BYTES

    def __init__(self, files: artefact.Artefact) -> None:
        self.version = f"{files.digest[:16]}/{files.python}"
        self._parent = Parent()
        library = binding.Library(files.library)
        self._guest = binding.Guest(library, files.guest, imports=imports(library, self._parent))
        self._warm_up()
        memory = reserve.guest_memory()
        self.base_bytes = memory.end - memory.start if memory else _IMAGE_BYTES
        if memory:
            with contextlib.suppress(OSError):  # if this kernel refuses, the parent's watch remains
                reserve.bar(memory, max_growth_bytes=_MAX_GROWTH_BYTES, path=files.guest)

    def compile(self, source: str) -> str:
        """The source as the guest compiles it, in the form that a `load` frame takes.

        Raises:
            EngineUnusable: the guest finds an error in it.
        """
        answer = json.loads(self._ask(op="compile", seq=0, source=source))
        if not answer["code"]:
            raise EngineUnusable(f"the engine wasm cannot compile: {answer['findings']}")
        return str(answer["code"])

    def inventory(self) -> dict[str, Any]:
        """What the guest has: `python`, `modules` (version by name) and `missing` (what to use)."""
        inventory: dict[str, Any] = json.loads(self._ask(op="inventory"))
        return inventory

    def faults(self) -> list[str]:
        """What the engine's self-test found broken, in words; empty if the engine may be used."""
        return selftest.faults(self, self.compile(selftest.SOURCE))

    def work(self, kind: str, *, memory_bytes: int) -> NoReturn:  # noqa: ARG002 - the frames say
        """Serve the parent, in a jailed worker, until it closes the socket or kills the worker.

        Args:
            kind: `compile` or `run`; this engine relays the frames of both.
            memory_bytes: how far the guest's memory may grow.
        """
        self._guest.limit_memory(self.base_bytes + memory_bytes)
        parent, take = self._parent, self._guest.take
        parent.listen()
        while True:
            frame = parent.receive()
            try:
                answer = take(frame)
            except binding.StackExhausted:
                parent.send(_too_deep(frame, parent))
                os._exit(1)
            except binding.Trap:
                os._exit(1)  # the parent reports a crash
            if answer:
                parent.send(answer)

    def _warm_up(self) -> None:
        """Run a harmless event, so that workers find modules loaded and bytecode specialised."""
        self._ask(**warm.load_frame(self.compile(warm.SOURCE)))
        for seq in range(warm.TIMES):
            answer = json.loads(self._ask(**warm.run_frame(warm.EVENT, seq=seq)))
            if answer["outcome"] != "returned":
                raise EngineUnusable(f"the engine wasm cannot run an event: {answer.get('error')}")

    def _ask(self, **message: Any) -> bytes:
        return self._guest.take(json.dumps(message).encode("ascii"))


def prepare() -> Wasm:
    """The engine, with its guest made and warmed up.

    Raises:
        EngineUnusable: this installation cannot run it.
    """
    try:
        return Wasm(artefact.find())
    except (binding.Refused, binding.Trap) as problem:
        raise EngineUnusable(f"the engine wasm does not start: {problem}") from problem


def _too_deep(frame: bytes, parent: Parent) -> bytes:
    """The last frame of a worker whose guest used up its stack: an error of the user's code.

    Args:
        frame: the frame that the guest was working on.
        parent: gives the `run` frame that follows, if the frame was a `load`.
    """
    message = json.loads(frame)
    if message["op"] == "compile":
        findings = [_TOO_DEEP_SOURCE]
        answer = {"op": "compiled", "seq": message["seq"], "code": "", "findings": findings}
        return json.dumps(answer).encode("ascii")
    while (
        "seq" not in message
    ):  # nobody answers a `load`: its error belongs to the run that follows
        message = json.loads(parent.receive())
    answer = {
        "op": "done",
        "seq": message["seq"],
        "outcome": "raised",
        "error": _TOO_DEEP,
        "last": True,
    }
    return json.dumps(answer).encode("ascii")
