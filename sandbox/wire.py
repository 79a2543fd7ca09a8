"""Frames between parent and worker: four bytes of length, then one JSON object."""

from __future__ import annotations

import json
import math
import re
import struct
from collections import Counter, OrderedDict, defaultdict
from typing import Any

from sandbox.limits import INTEGER_LIMIT, JSON_DEPTH_MAX, JSON_NODES_MAX

HEADER = struct.Struct(">I")
# Exact types only: a subclass could lie to the encoder about what it holds.
_MAPPINGS = frozenset({dict, OrderedDict, defaultdict, Counter})
_CONTAINERS = _MAPPINGS | {list, tuple}
HEADER_BYTES = HEADER.size


class ProtocolBroken(Exception):
    """The other side sent something that is not a frame of ours; it is not to be trusted further."""


class NotPlain(ValueError):
    """The value is not plain JSON; says where and why."""


def encode(message: dict[str, Any], *, max_bytes: int) -> bytes:
    """The frame of this message; ProtocolBroken when it is over the cap."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(body) > max_bytes:
        raise ProtocolBroken(f"a frame of {len(body)} bytes is over the cap of {max_bytes}")
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> dict[str, Any]:
    """The message of this frame; ProtocolBroken for anything but one JSON object."""
    try:
        message = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolBroken(f"a frame is not JSON: {type(error).__name__}") from error
    if type(message) is not dict:
        raise ProtocolBroken("a frame is not an object")
    return message


class FrameBuffer:
    """Turns bytes as they arrive into whole frames; refuses a length over the cap at once."""

    __slots__ = ("_bytes", "_max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self._bytes = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> None:
        """Take bytes in."""
        self._bytes += data

    def pop(self) -> dict[str, Any] | None:
        """The next whole message, or None until more bytes come."""
        if len(self._bytes) < HEADER_BYTES:
            return None
        (length,) = HEADER.unpack_from(self._bytes)
        if length > self._max_bytes:
            raise ProtocolBroken(f"a frame announces {length} bytes, the cap is {self._max_bytes}")
        end = HEADER_BYTES + length
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[HEADER_BYTES:end])
        del self._bytes[:end]
        return decode(body)

    @property
    def empty(self) -> bool:
        """True when no byte waits: between two events nothing may."""
        return not self._bytes


def check_plain(value: Any, *, what: str = "the value") -> None:
    """Pass plain JSON through: exact types, bounded depth and size, finite, no surrogates."""
    stack: list[tuple[Any, int]] = [(value, 0)]
    nodes = 0
    while stack:
        item, depth = stack.pop()
        nodes += 1
        kind = type(item)
        if kind is str:
            _check_text(item, what)
        elif kind in _CONTAINERS:
            if depth >= JSON_DEPTH_MAX:
                raise NotPlain(f"{what} is nested deeper than {JSON_DEPTH_MAX} levels")
            if len(item) + nodes > JSON_NODES_MAX:
                raise NotPlain(f"{what} has more than {JSON_NODES_MAX} parts")
            depth += 1
            if kind in _MAPPINGS:
                for key, inner in item.items():
                    if type(key) is not str:
                        raise NotPlain(
                            f"{what} has a key of type {_name(key)}; JSON keys are text: use str()"
                        )
                    _check_text(key, what)
                    stack.append((inner, depth))
            else:
                stack.extend([(inner, depth) for inner in item])
        else:
            _check_scalar(item, what)
        if nodes > JSON_NODES_MAX:
            raise NotPlain(f"{what} has more than {JSON_NODES_MAX} parts")


def _check_text(text: str, what: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise NotPlain(f"{what} holds text with a lone surrogate") from None


def _check_scalar(item: Any, what: str) -> None:
    kind = type(item)
    if item is None or kind is bool:
        return
    if kind is int:
        if not -INTEGER_LIMIT < item < INTEGER_LIMIT:
            raise NotPlain(f"{what} holds an integer beyond 64 bits; return it as text")
        return
    if kind is float:
        if not math.isfinite(item):
            raise NotPlain(f"{what} holds NaN or infinity, which JSON does not have")
        return
    raise NotPlain(f"{what} holds {_name(item)}, which is not JSON; {_instead(kind.__name__)}")


def _name(item: Any) -> str:
    name = type(item).__name__
    return name if name.isidentifier() and len(name) < 60 else "an object"  # noqa: PLR2004 - no essay


def _instead(kind: str) -> str:
    return {
        "set": "use sorted(...) or list(...)",
        "Decimal": "use float(...) or str(...)",
        "datetime": "use .isoformat()",
        "date": "use .isoformat()",
        "bytes": "use .decode() or base64",
        "generator": "use list(...)",
    }.get(kind, "return dict, list, str, int, float, bool or None")


_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_topic(value: Any) -> bool:
    """True for text that may be a topic; which topics exist is decided by the control plane."""
    return type(value) is str and _TOPIC.fullmatch(value) is not None


def is_webhook_id(value: Any, known: tuple[str, ...] | list[str] | None) -> bool:
    """True for the id of a webhook that this function may deliver to."""
    if type(value) is not str or _WEBHOOK_ID.fullmatch(value) is None:
        return False
    return known is None or value in known
