"""The relay: a frame of the parent goes into the guest, and what the guest says goes out.

The guest is made, and warmed up, once in the zygote. Each worker is a fork of it, with a memory
of its own by copy-on-write, and nothing of it has to be loaded, compiled or mapped any more: a
jailed worker could do none of these.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from sandbox.engines import EngineUnusable
from sandbox.engines.wasm import artefact, binding
from sandbox.engines.wasm.imports import imports
from sandbox.engines.wasm.selftest import faults

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET_FD = 0
_HEADER = struct.Struct(">I")
_CHUNK_BYTES = 65536
_SLEEP = b"sleep"
_OP_BYTES = 32  # how far into a frame its op may stand
_WARM_UPS = 3  # CPython specializes a function's bytecode in its second and third call
_ROOM_BYTES = 32 << 20  # copies of a result and of an answer on their way; pages of the library
_IMAGE_ROOM_BYTES = 64 << 20  # above what a guest holds at rest, where the kernel does not say

WARM_SOURCE = '''
import json, re, datetime, decimal, hashlib, uuid, random, time
def handler(event, context):
    context.log("warm", number=1)
    moment = datetime.datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    text = f"{event['id']} {moment.isoformat()} {time.time()} {uuid.uuid4()} {random.random()}"
    hashlib.sha256(text.encode()).hexdigest()
    return {"text": re.sub("[0-9]", "0", text), "of": json.loads(json.dumps(event))}
'''
_WARM_ABOUT = {
    "tenant": "", "function": "", "webhooks": [], "env": {},
    "limits": {"result_bytes": 1 << 16, "http_calls": 0, "emits": 0, "log_bytes": 1 << 16},
}  # fmt: skip
_TOO_DEEP = {"type": "RecursionError", "message": "maximum recursion depth exceeded", "frames": []}
_TOO_DEEP_SOURCE = {
    "line": 0,
    "column": 0,
    "code": "too_deep",
    "message": "the source is nested too deep for the compiler",
    "hint": "write it as several statements, or read the value from JSON",
    "severity": "error",
}


class Nowhere:
    """Stands for the parent in the zygote, which has none to talk to yet."""

    def send(self, frame: bytes) -> None:
        """Drop the frame."""

    def call(self, frame: bytes) -> bytes:  # noqa: ARG002 - whatever is asked
        """Answer with nothing."""
        return b'{"op":"answer","value":null}'


class Socket:
    """Frames to and from the parent, on the one descriptor that a worker has."""

    def __init__(self) -> None:
        self._waiting = b""

    def send(self, frame: bytes) -> None:
        """One frame out, whole."""
        data = _HEADER.pack(len(frame)) + frame
        sent = os.write(SOCKET_FD, data)
        while sent < len(data):
            sent += os.write(SOCKET_FD, data[sent:])

    def call(self, frame: bytes) -> bytes:
        """The parent's answer; sleeping is no business of the parent's, whose clock goes on."""
        if _SLEEP in frame[:_OP_BYTES]:
            asked = json.loads(frame)
            if asked["op"] == "sleep":
                time.sleep(max(asked["seconds"], 0))  # noqa: TID251 - user code's own wait
                return b'{"op":"answer","value":null}'
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


class Parent:
    """The one whom the guest talks to: nobody in the zygote, the parent in a worker."""

    def __init__(self) -> None:
        self.send: Callable[[bytes], None]
        self.call: Callable[[bytes], bytes]
        self.become(Nowhere())

    def become(self, other: Nowhere | Socket) -> None:
        """From now on frames go there."""
        self.send, self.call = other.send, other.call


class Wasm:
    """The engine `wasm`, as `sandbox.engines` describes engines."""

    room_bytes = _ROOM_BYTES

    def __init__(self, found: artefact.Artefact) -> None:
        library = binding.Library(found.library)
        self._parent = Parent()
        self._guest = binding.Guest(
            library, found.guest, imports=imports(library, self._parent)
        )
        self.version = f"{found.digest[:16]}/{found.python}"
        self._base_bytes = 0

    def warm_up(self) -> None:
        """Run harmless events, so that no worker has to do for the first time what they do."""
        compiled = json.loads(self.ask(op="compile", seq=0, source=WARM_SOURCE))
        self.ask(op="load", code=compiled["code"], about=_WARM_ABOUT)
        event = {"id": "evt_warm", "topic": "metric.warm", "properties": {"é": [1, 2.5, None]}}
        for seq in range(_WARM_UPS):
            done = json.loads(
                self.ask(
                    op="run", seq=seq, run_id="", event=event, profile=None, wall_s=1.0,
                    deadline_ms=int(time.time() * 1000) + 1000,
                )
            )  # fmt: skip
            if done.get("outcome") != "returned":
                raise EngineUnusable(f"the engine wasm cannot run an event: {done.get('error')}")
        self._base_bytes = memory_bytes() or _IMAGE_ROOM_BYTES

    def ask(self, **message: Any) -> bytes:
        """What the guest answers to this message."""
        return self._guest.take(json.dumps(message).encode("ascii"))

    def faults(self) -> list[str]:
        """What the engine's own self-test found broken, in words; empty when it may be used."""
        return faults(self)

    def work(self, kind: str, *, memory_bytes: int) -> NoReturn:  # noqa: ARG002 - the frames say
        """Serve the parent in a jailed worker until it closes the socket or kills the worker."""
        self._guest.limit_memory(self._base_bytes + memory_bytes)
        parent, take = Socket(), self._guest.take
        self._parent.become(parent)
        while True:
            frame = parent.receive()
            try:
                answer = take(frame)
            except binding.StackExhausted:
                parent.send(_too_deep(frame, parent))
                os._exit(1)
            except binding.Trap:
                os._exit(1)
            if answer:
                parent.send(answer)


def prepare() -> Wasm:
    """The guest, made and warmed up; EngineUnusable where that is not possible."""
    try:
        engine = Wasm(artefact.find())
        engine.warm_up()
    except (binding.Refused, binding.Trap) as error:
        raise EngineUnusable(f"the engine wasm does not start: {error}") from error
    return engine


def memory_bytes() -> int:
    """What the one guest of this process holds now; 0 where the kernel does not say.

    The C interface has no question for it. But a guest's memory lies below the reservation that
    it grows into, which is the only one of its size.
    """
    if sys.platform != "linux":
        return 0
    start = end = 0
    with open("/proc/self/maps", "rb") as file:  # noqa: PTH123 - no pathlib needed
        for line in file:
            span, rights = line.split(maxsplit=2)[:2]
            low, high = (int(part, 16) for part in span.split(b"-"))
            if rights.startswith(b"rw"):
                start, end = (start if low == end else low), high
            elif low == end and high - low > _RESERVED_BYTES:
                return end - start
    return 0


_RESERVED_BYTES = 3 << 30


def _too_deep(frame: bytes, parent: Socket) -> bytes:
    """The answer to a frame whose work used up the stack: the user's error, in JSON."""
    message = json.loads(frame)
    if message["op"] == "compile":
        findings = [_TOO_DEEP_SOURCE]
        answer = {"op": "compiled", "seq": message["seq"], "code": "", "findings": findings}
        return json.dumps(answer).encode("ascii")
    while "seq" not in message:  # a load answers nothing: its error belongs to the run behind it
        message = json.loads(parent.receive())
    done = {"op": "done", "seq": message["seq"], "outcome": "raised", "error": _TOO_DEEP}
    return json.dumps(done).encode("ascii")
