"""The relay: a frame of the parent goes into the guest, and what the guest says goes out.

The guest is made, and warmed up, once in the zygote. Each worker is a fork of it, with a memory
of its own by copy-on-write, and nothing of it has to be loaded, compiled or mapped any more: a
jailed worker could do none of these.
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

SOCKET_FD: Final = 0
_HEADER: Final = struct.Struct(">I")
_CHUNK_BYTES: Final = 65536
_SLEEP_FRAME_BYTES: Final = 128  # longer frames are none, and are not looked into here
_NOTHING: Final = b'{"op":"answer","value":null}'
# The parent's wall clock ends it long before; more overflows the clock.
_MAX_SLEEP_S: Final = 86_400
# Copies of a result and of an answer on their way; pages of the library.
_ROOM_BYTES: Final = 32 << 20
_MAX_GROWTH_BYTES: Final = COMPILE_MEMORY_MB << 20  # no worker gets more
_IMAGE_BYTES: Final = 64 << 20  # more than a guest holds at rest, where the kernel does not say

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
    """The one to whom the guest talks: nobody in the zygote, the parent in a worker."""

    def __init__(self) -> None:
        self._waiting = b""
        self._listens = False

    def listen(self) -> None:
        """From now on the frames of the guest go out."""
        self._listens = True

    def send(self, frame: bytes) -> None:
        """One frame out, whole."""
        if not self._listens:
            return
        data = _HEADER.pack(len(frame)) + frame
        sent = os.write(SOCKET_FD, data)
        while sent < len(data):
            sent += os.write(SOCKET_FD, data[sent:])

    def call(self, frame: bytes) -> bytes:
        """The answer to this frame; sleeping is answered here, while the parent's clock goes on."""
        if not self._listens:
            return _NOTHING
        if len(frame) < _SLEEP_FRAME_BYTES and b'"sleep"' in frame:
            asked = json.loads(frame)
            if asked["op"] == "sleep":
                seconds = min(max(asked["seconds"], 0), _MAX_SLEEP_S)
                time.sleep(seconds)  # noqa: TID251 - user code's own wait
                return _NOTHING
        self.send(frame)
        return self.receive()

    def receive(self) -> bytes:
        """The next frame; the worker ends where the parent is gone."""
        data = self._waiting or self._read()
        while len(data) < _HEADER.size:
            data += self._read()
        end = _HEADER.size + _HEADER.unpack_from(data)[0]
        if len(data) < end:
            parts, size = [data], len(data)
            while size < end:
                parts.append(self._read())
                size += len(parts[-1])
            data = b"".join(parts)
        self._waiting = data[end:]
        return data[_HEADER.size : end]

    def _read(self) -> bytes:
        data = os.read(SOCKET_FD, _CHUNK_BYTES)
        if not data:
            os._exit(0)
        return data


class Wasm:
    """The engine `wasm`, as `sandbox.engines` describes engines.

    Attributes:
        base_bytes: memory that the warmed guest has; a function's own comes on top.

    Raises:
        Refused: the library or the guest is not what this code is written for.
        Trap: the guest was stopped while it was warmed up.
    """

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
            with contextlib.suppress(OSError):  # another kernel: then the parent's watch has to do
                reserve.bar(memory, max_growth_bytes=_MAX_GROWTH_BYTES, path=files.guest)

    def compile(self, source: str) -> str:
        """The guest's own code of this source, as `load` takes it."""
        compiled = json.loads(self._ask(op="compile", seq=0, source=source))
        if not compiled["code"]:
            raise EngineUnusable(f"the engine wasm cannot compile: {compiled['findings']}")
        return str(compiled["code"])

    def inventory(self) -> dict[str, Any]:
        """The guest's Python, the modules that it has with their versions, and what is missing."""
        said: dict[str, Any] = json.loads(self._ask(op="inventory"))
        return said

    def faults(self) -> list[str]:
        """What the engine's own self-test found broken, in words; empty when it may be used."""
        return selftest.faults(self, self.compile(selftest.SOURCE))

    def work(self, kind: str, *, memory_bytes: int) -> NoReturn:  # noqa: ARG002 - the frames say
        """Serve the parent in a jailed worker until it closes the socket or kills the worker.

        Args:
            kind: `compile` or `run`; both are the same relay.
            memory_bytes: by how much the guest may grow.
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
        """Run harmless events, so that no worker has to do for the first time what they do."""
        self._ask(**warm.load_frame(self.compile(warm.SOURCE)))
        for seq in range(warm.TIMES):
            done = json.loads(self._ask(**warm.run_frame(warm.EVENT, seq=seq)))
            if done["outcome"] != "returned":
                raise EngineUnusable(f"the engine wasm cannot run an event: {done.get('error')}")

    def _ask(self, **message: Any) -> bytes:
        return self._guest.take(json.dumps(message).encode("ascii"))


def prepare() -> Wasm:
    """The guest, made and warmed up; EngineUnusable where that is not possible."""
    try:
        return Wasm(artefact.find())
    except (binding.Refused, binding.Trap) as problem:
        raise EngineUnusable(f"the engine wasm does not start: {problem}") from problem


def _too_deep(frame: bytes, parent: Parent) -> bytes:
    """The worker's last frame, for work that used up the stack: an error of the user's code."""
    message = json.loads(frame)
    if message["op"] == "compile":
        findings = [_TOO_DEEP_SOURCE]
        answer = {"op": "compiled", "seq": message["seq"], "code": "", "findings": findings}
        return json.dumps(answer).encode("ascii")
    while "seq" not in message:  # a load answers nothing: its error belongs to the run behind it
        message = json.loads(parent.receive())
    done = {
        "op": "done",
        "seq": message["seq"],
        "outcome": "raised",
        "error": _TOO_DEEP,
        "last": True,
    }
    return json.dumps(done).encode("ascii")
