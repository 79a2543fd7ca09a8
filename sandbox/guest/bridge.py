"""Sends frames to the parent, by the functions that the component imports."""

from __future__ import annotations

import json
from typing import Any, Final

import wit_world

from . import encoding, results
from .capabilities import port
from .caps import MAX_FRAME_BYTES

HEADER_BYTES: Final = 4  # the length that the worker writes before each frame

_pieces = encoding.encoder(None, None)
_read = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # an attribute of every decoder


def read(frame: str) -> dict[str, Any]:
    """The message of a frame that the parent wrote. It is trusted, and begins with a brace."""
    message: dict[str, Any] = _read(frame, 0)[0]
    return message


def frame_of(message: dict[str, Any]) -> str:
    """The frame of a message, which must hold plain values only."""
    return "".join(_pieces(message, 0))


class Bridge:
    """The port of `sdk.port`, over the imports `send` and `call`."""

    def __init__(self) -> None:
        self.seq = 0
        self.silent = False  # while a source is checked, and while the build rehearses: no log

    def send(self, op: str, /, *, at_most: int = MAX_FRAME_BYTES, **fields: Any) -> int:
        """Send one frame that nobody answers; see `sdk.port`."""
        if self.silent:
            return 0
        frame = frame_of({"op": op, "seq": self.seq, **fields})
        size = len(frame) + HEADER_BYTES
        if size > at_most:
            raise port.TooLarge(size)
        wit_world.send(frame)
        return size

    def call(self, op: str, /, **fields: Any) -> Any:
        """Send one frame, and give the value of its answer; see `sdk.port`."""
        frame = frame_of({"op": op, "seq": self.seq, **fields})
        size = len(frame) + HEADER_BYTES
        if size > MAX_FRAME_BYTES:
            text = f"{op}: too much in one call: {size} bytes, the limit is {MAX_FRAME_BYTES}"
            raise port.CapabilityError(text, "too_large")
        answer = read(wit_world.call(frame))
        error = answer.get("error")
        if error is not None:
            raise port.CapabilityError(str(error["message"]), str(error["code"]))
        return answer.get("value")

    def text(self, value: Any, /) -> str:
        """str(value), as an exact str."""
        return str.__str__(str(value))

    def plain(self, value: Any, /, *, what: str) -> Any:
        """The value as exact JSON; see `sdk.port`."""
        try:
            return results.plain(value, what)
        except results.UnfitType as problem:
            raise TypeError(str(problem)) from None
        except results.UnfitValue as problem:
            raise ValueError(str(problem)) from None


BRIDGE: Final = Bridge()


def sleep(seconds: float) -> None:
    """Let the worker sleep. The parent's clock runs on, and ends the run at its limit."""
    wit_world.call(frame_of({"op": "sleep", "seconds": seconds}))
