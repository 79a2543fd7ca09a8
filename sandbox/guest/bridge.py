"""The guest's way out: frames to the parent, through the functions that the component imports."""

from __future__ import annotations

import json
from typing import Any

import wit_world

from . import encoding, results
from .capabilities import port
from .caps import FRAME_MAX_BYTES

HEADER_BYTES = 4  # of length, which the worker writes in front of each frame

_pieces = encoding.encoder(None, None)
_read = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # an attribute of every decoder


def read(frame: str) -> dict[str, Any]:
    """The message of a frame that the parent wrote: it is trusted, and begins with its brace."""
    message: dict[str, Any] = _read(frame, 0)[0]
    return message


def written(message: dict[str, Any]) -> str:
    """The frame of a message of plain values."""
    return "".join(_pieces(message, 0))


class Bridge:
    """The port that `sdk` asks for, over `send` and `call`."""

    def __init__(self) -> None:
        self.seq = 0
        self.silent = False  # while a source is checked, nothing of it may reach a log

    def send(self, op: str, /, *, at_most: int = FRAME_MAX_BYTES, **fields: Any) -> int:
        """One frame that nobody answers; see `sdk.port`."""
        if self.silent:
            return 0
        frame = written({"op": op, "seq": self.seq, **fields})
        size = len(frame) + HEADER_BYTES
        if size > at_most:
            raise port.TooLarge(size)
        wit_world.send(frame)
        return size

    def call(self, op: str, /, **fields: Any) -> Any:
        """One frame, and the value of its answer; see `sdk.port`."""
        frame = written({"op": op, "seq": self.seq, **fields})
        size = len(frame) + HEADER_BYTES
        if size > FRAME_MAX_BYTES:
            text = f"{op}: too much in one call: {size} bytes, the limit is {FRAME_MAX_BYTES}"
            raise port.CapabilityError(text, "too_large")
        answer = read(wit_world.call(frame))
        refused = answer.get("error")
        if refused is not None:
            raise port.CapabilityError(str(refused["message"]), str(refused["code"]))
        return answer.get("value")

    def text(self, value: Any, /) -> str:
        """How a value is shown, exactly of type `str`."""
        return str.__str__(str(value))

    def plain(self, value: Any, /, *, what: str) -> Any:
        """The value as exact JSON; see `sdk.port`."""
        try:
            return results.plain(value, what)
        except results.UnfitType as error:
            raise TypeError(str(error)) from None
        except results.UnfitValue as error:
            raise ValueError(str(error)) from None


BRIDGE = Bridge()


def sleep(seconds: float) -> None:
    """Let the worker sleep; the parent's clock goes on, and ends the run at its limit."""
    wit_world.call(written({"op": "sleep", "seconds": seconds}))
