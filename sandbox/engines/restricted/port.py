"""The sdk's port in this engine. It takes exact plain values only, and texts without addresses."""

from __future__ import annotations

from typing import Any

from sandbox import wire
from sandbox.bridge import BRIDGE
from sandbox.engines.restricted import shown
from sandbox.limits import MAX_FRAME_BYTES
from sandbox.sdk.port import CapabilityError, TooLarge


class Port:
    """The port of `sandbox.sdk.port`, over the worker's socket."""

    __slots__ = ()

    def send(self, op: str, /, *, at_most: int = MAX_FRAME_BYTES, **fields: Any) -> int:
        """Send one frame that nobody answers, and give its length on the wire in bytes.

        Raises:
            TooLarge: the frame is longer than `at_most`.
        """
        body = wire.write({"op": op, "seq": BRIDGE.seq, **fields}).encode("ascii")
        size = len(body) + wire.HEADER_BYTES
        if size > at_most:
            raise TooLarge(size)
        BRIDGE.write(wire.frame(body, max_bytes=MAX_FRAME_BYTES))
        return size

    def call(self, op: str, /, **fields: Any) -> Any:
        """Send one frame, wait for its answer, and give the answer's value.

        Raises:
            CapabilityError: the parent refuses, or the frame is too large.
        """
        try:
            self.send(op, **fields)
        except TooLarge as problem:
            message = f"{op}: too much in one call: {problem}"
            raise CapabilityError(message, "too_large") from None
        answer = BRIDGE.receive()
        error = answer.get("error")
        if error is not None:
            raise CapabilityError(str(error["message"]), str(error["code"]))
        return answer["value"]

    def text(self, value: Any, /) -> str:
        """str(value) as an exact str, without memory addresses."""
        return str.__str__(shown.text(value))

    def plain(self, value: Any, /, *, what: str) -> Any:
        """The value itself, if it is plain JSON.

        Raises:
            ValueError: it is not; the message names it by `what`.
        """
        try:
            wire.check_plain(value, subject=what)
        except wire.NotPlain as problem:
            raise ValueError(str(problem)) from None
        return value
