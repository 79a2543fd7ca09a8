"""A worker of the engine `restricted`: it loads one function and runs one event after another."""

from __future__ import annotations

import base64
import gc
import marshal
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import wire
from sandbox.bridge import BRIDGE
from sandbox.engines.restricted import compiler, kinds, shown, version, warm
from sandbox.engines.restricted.calling import parameters
from sandbox.engines.restricted.facades.data import CLOCK, reseed
from sandbox.engines.restricted.language import new_globals
from sandbox.engines.restricted.names import SOURCE_NAME
from sandbox.engines.restricted.port import Port
from sandbox.limits import (
    MASKING_ROOM,
    MAX_COMPILE_RECURSION,
    MAX_ERROR_MESSAGE_CHARS,
    MAX_ERROR_NAME_CHARS,
    MAX_RECURSION,
    MAX_TRACEBACK_FRAMES,
)
from sandbox.memory import Measure
from sandbox.sdk import outcomes
from sandbox.sdk.context import begin
from sandbox.sdk.frames import own_frames
from sandbox.sdk.run import RUN

if TYPE_CHECKING:
    from sandbox.sdk.context import Context


class Restricted:
    """The engine `restricted` (see `sandbox.engines.Engine`)."""

    version = f"{version.POLICY}/{sys.implementation.cache_tag}"
    measure = Measure.RESIDENT
    room_bytes = 0

    def faults(self) -> list[str]:
        """Nothing: this engine relies on the jail, which has a self-test of its own."""
        return []

    def work(self, kind: str, *, memory_bytes: int) -> None:  # noqa: ARG002 - the jail's own limit
        """Serve the parent, in a jailed worker, until it closes the socket or kills the worker.

        Args:
            kind: `compile` or `run`.
            memory_bytes: memory that the function may take; the jail limits it.
        """
        sys.setrecursionlimit(MAX_COMPILE_RECURSION if kind == "compile" else MAX_RECURSION)
        reseed()
        worker = Worker()
        while True:
            message = BRIDGE.receive()
            if kind == "compile":
                _compile(message)
            else:
                worker.take(message)


def prepare() -> Restricted:
    """The engine, with everything imported and warmed up."""
    RUN.connect(Port())
    warm.up()
    return Restricted()


def _compile(message: dict[str, Any]) -> None:
    code, findings = compiler.compile_source(message["source"])
    encoded_code = "" if code is None else base64.b64encode(marshal.dumps(code)).decode()
    finding_objects = [finding.to_json() for finding in findings[:200]]
    BRIDGE.seq = message["seq"]
    try:
        BRIDGE.send("compiled", code=encoded_code, findings=finding_objects)
    except wire.ProtocolBroken:
        finding = {
            "line": 0,
            "column": 0,
            "code": "source_too_large",
            "message": "the source is too large once compiled",
            "hint": "split it into several functions",
        }
        BRIDGE.send("compiled", code="", findings=[finding])


class Worker:
    """Runs the events of one batch through one function version, which keeps its module state."""

    def __init__(self) -> None:
        self._code: Any = None
        self._about: dict[str, Any] = {}
        self._globals: dict[str, Any] | None = None
        self._handler: Any = None
        self._count = 0

    def take(self, message: dict[str, Any]) -> None:
        """Carry out one frame of the parent: `load` or `run`."""
        if message["op"] == "load":
            self._code = marshal.loads(base64.b64decode(message["code"]))  # noqa: S302 - in the jail
            self._about = message["about"]
            RUN.load(self._about)
            return
        BRIDGE.seq = message["seq"]
        wall_s = float(message["wall_s"])
        CLOCK.deadline_s = time.monotonic() + wall_s
        CLOCK.on_overrun = _overrun
        context = begin(message)
        try:
            value = self._call(message, context)
            output = _output(value, int(self._about["limits"]["result_bytes"]))
        except BaseException as problem:  # noqa: BLE001 - user code may raise anything at all
            ending = _raised(problem)  # frees memory, of which the next line needs some
            BRIDGE.send("done", **ending)
        else:
            BRIDGE.send_output(output)

    def _call(self, message: dict[str, Any], context: Context) -> Any:
        if self._globals is None:
            namespace = new_globals()
            exec(self._code, namespace)  # noqa: S102 - guarded code, in the jail
            self._globals = namespace
        handler = self._globals.get("handler")
        if not callable(handler):
            raise HandlerMissing('"handler" is not a function')
        event, profile = message["event"], message["profile"]
        if handler is not self._handler:
            self._handler, self._count = handler, parameters(handler)
        count = self._count
        if count <= 1:
            return handler(event)
        return handler(event, context) if count == 2 else handler(event, profile, context)  # noqa: PLR2004 - the three published forms


class HandlerMissing(Exception):
    """`handler` in the function's module cannot be called."""


class InvalidResult(Exception):
    """The handler returned something that is not plain JSON, or is too large."""


def _overrun() -> None:
    BRIDGE.send("expired")
    BRIDGE.receive()  # the parent's answer is SIGKILL


def _output(value: Any, max_bytes: int) -> str:
    if type(value) is tuple:
        raise InvalidResult("the result is a tuple: return a list, or a dict")
    try:
        text = wire.write_plain(value, subject="the result")
    except (wire.NotPlain, ValueError, TypeError, RecursionError) as problem:
        raise InvalidResult(str(problem)) from None
    if wire.exceeds(value, max_bytes, text=text):
        size = wire.sent_bytes(value, text=text)
        raise InvalidResult(f"the result is {size} bytes of JSON, the limit is {max_bytes}")
    return text


_OUT_OF_MEMORY: Final = {
    "outcome": "out_of_memory",
    "error": {"type": "MemoryError", "message": "", "frames": []},
}


def _raised(error: BaseException) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        error.__traceback__ = None
        gc.collect()
        return dict(_OUT_OF_MEMORY)
    try:
        frames = own_frames(error, filename=SOURCE_NAME, most=MAX_TRACEBACK_FRAMES)
        kind = type(error)
        name = kinds.type_name(error)[:MAX_ERROR_NAME_CHARS]
        message = _message(error)
    except MemoryError:
        return dict(_OUT_OF_MEMORY)
    yours = kinds.is_user_class(kind)
    description = {"type": name, "message": message, "frames": frames, "yours": yours}
    return {"outcome": _outcome(error), "error": description}


def _outcome(error: BaseException) -> str:
    if isinstance(error, outcomes.RetryError):
        return "retry"
    if isinstance(error, outcomes.DropEvent | outcomes.EventNotSupported):
        return "dropped"
    return "raised"


def _message(error: BaseException) -> str:
    try:
        text = str.__str__(shown.text(error))[: MAX_ERROR_MESSAGE_CHARS * MASKING_ROOM]
        # An error's message may hold half of a surrogate pair, which no frame can carry.
        return text.encode("utf-8", "replace").decode("utf-8")
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - user code's own __str__ may raise anything
        return "<the exception's text could not be made>"
