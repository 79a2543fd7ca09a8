"""The sdk's port in this engine: exact plain values only, and texts without memory addresses."""

from __future__ import annotations

from typing import Any

from sandbox import wire
from sandbox.bridge import BRIDGE
from sandbox.engines.restricted import shown
from sandbox.limits import MAX_FRAME_BYTES
from sandbox.sdk.port import CapabilityError, TooLarge


class Port:
    """What `sandbox.sdk.port` asks of an engine, over the worker's socket."""

    __slots__ = ()

    def send(self, op: str, /, *, at_most: int = MAX_FRAME_BYTES, **fields: Any) -> int:
        """Send one frame that nobody answers; its bytes on the wire."""
        body = wire.write({"op": op, "seq": BRIDGE.seq, **fields}).encode("ascii")
        size = len(body) + wire.HEADER_BYTES
        if size > at_most:
            raise TooLarge(size)
        BRIDGE.write(wire.frame(body, max_bytes=MAX_FRAME_BYTES))
        return size

    def call(self, op: str, /, **fields: Any) -> Any:
        """Send one frame, wait for its answer and return its value."""
        try:
            self.send(op, **fields)
        except TooLarge as problem:
            message = f"{op}: too much in one call: {problem}"
            raise CapabilityError(message, "too_large") from None
        answer = BRIDGE.receive()
        refused = answer.get("error")
        if refused is not None:
            raise CapabilityError(str(refused["message"]), str(refused["code"]))
        return answer["value"]

    def text(self, value: Any, /) -> str:
        """What str(value) gives, without addresses, as an exact text."""
        return str.__str__(shown.text(value))

    def plain(self, value: Any, /, *, what: str) -> Any:
        """The value itself, when it is exactly JSON; ValueError says where it is not."""
        try:
            wire.check_plain(value, subject=what)
        except wire.NotPlain as problem:
            raise ValueError(str(problem)) from None
        return value
