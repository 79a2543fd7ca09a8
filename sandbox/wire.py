"""Frames between parent and worker: a length in four bytes, then one JSON object in ASCII."""

from __future__ import annotations

import json
import math
import re
import struct
from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any, Final

from sandbox.limits import INTEGER_LIMIT, MAX_JSON_DEPTH, MAX_JSON_NODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HEADER: Final = struct.Struct(">I")  # the length of the body in bytes, the highest byte first
# Exact types only: a subclass could give the encoder other items than it holds.
_MAPPINGS: Final = frozenset({dict, OrderedDict, defaultdict, Counter})
_CONTAINERS: Final = _MAPPINGS | {list, tuple}
HEADER_BYTES: Final = HEADER.size


class ProtocolBroken(Exception):
    """The other side sent something that is not a frame. Nothing more that it sends is trusted."""


class NotPlain(ValueError):
    """The value is not plain JSON; the message says where and why."""


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def write(value: Any) -> str:
    """The value as JSON text in ASCII, without blanks. The value must be plain."""
    return "".join(_WRITE(value, 0))


def _writer() -> Callable[[Any, int], Iterable[str]]:
    # `JSONEncoder.encode` makes a new writer for each value, which takes longer than to write a
    # small value. So this makes one writer, in the way that CPython's json.encoder does.
    # https://github.com/python/cpython/blob/3.11/Lib/json/encoder.py
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the C part
        return lambda value, _level: _ENCODER.iterencode(value)
    unsorted = skipping = with_nan = False
    escape, refuse = json.encoder.encode_basestring_ascii, _ENCODER.default
    writer: Callable[[Any, int], Iterable[str]] = make(
        None, refuse, escape, None, ":", ",", unsorted, skipping, with_nan
    )
    return writer


_WRITE: Final = _writer()


_UTF8_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def sent_bytes(value: Any, *, text: str) -> int:
    """The size of a plain value as the platform keeps and sends it: JSON in UTF-8, not escaped.

    Args:
        value: the value.
        text: what `write` gave for it.
    """
    if "\\u" not in text:
        return len(text)
    return len(_UTF8_ENCODER.encode(value).encode())


def exceeds(value: Any, max_bytes: int, *, text: str) -> bool:
    """Whether a plain value is larger than `max_bytes`, as `sent_bytes` measures it.

    Escapes only make the text longer, so a text within the limit needs no measuring.
    """
    return len(text) > max_bytes and sent_bytes(value, text=text) > max_bytes


def encode(message: dict[str, Any], *, max_bytes: int) -> bytes:
    """The frame of this message.

    Raises:
        ProtocolBroken: the message is longer than `max_bytes`.
    """
    body = write(message).encode("ascii")
    return frame(body, max_bytes=max_bytes)


def frame(body: bytes, *, max_bytes: int) -> bytes:
    """The frame around a message that is JSON text already.

    Raises:
        ProtocolBroken: the message is longer than `max_bytes`.
    """
    if len(body) > max_bytes:
        raise ProtocolBroken(f"a frame of {len(body)} bytes is over the cap of {max_bytes}")
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> dict[str, Any]:
    """The message in the body of a frame from a worker, which is not trusted.

    Raises:
        ProtocolBroken: the body is not one JSON object, or not plain (see `check_plain`).
    """
    shape = body.translate(_SHAPE)
    decoder = _BOUNDED_DECODER if _may_exceed(shape, body) else _DECODER
    try:
        message = _read(decoder, body)
    except (ValueError, RecursionError) as problem:
        raise ProtocolBroken(f"a frame is not JSON: {type(problem).__name__}") from problem
    if type(message) is not dict:
        raise ProtocolBroken("a frame is not an object")
    if _needs_walk(shape, body):
        try:
            check_plain(message, subject="a frame", envelope=ENVELOPE)
        except NotPlain as problem:
            raise ProtocolBroken(str(problem)) from None
    return message


def decode_trusted(body: bytes) -> dict[str, Any]:
    """The message in the body of a frame that the parent wrote; it is not checked."""
    message: dict[str, Any] = _read(_TRUSTED_DECODER, body)
    return message


def _read(decoder: json.JSONDecoder, body: bytes) -> Any:
    # `JSONDecoder.decode` looks for blanks around the value as well, and frames have none.
    text = body.decode("ascii")
    try:
        value, end = decoder.scan_once(text, 0)  # type: ignore[attr-defined]  # of every decoder
    except StopIteration as problem:
        raise ValueError("no value") from problem
    if end != len(text):
        raise ValueError("more than one value")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text[:20])
    return number


def _bounded(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError("too many digits")
    number = int(text)
    if not -INTEGER_LIMIT < number < INTEGER_LIMIT:
        raise ValueError("beyond 64 bits")
    return number


_MAX_DIGITS: Final = 21
_TRUSTED_DECODER: Final = json.JSONDecoder()
_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
_BOUNDED_DECODER: Final = json.JSONDecoder(
    parse_float=_finite, parse_int=_bounded, parse_constant=_no_constant
)
ENVELOPE: Final = (2, 32)  # levels and parts that a frame has around the value in it
# A number with fewer digits is within 64 bits, and without an exponent it is finite.
_LONG_NUMBER: Final = b"0" * 19
# Makes every digit a 0, every exponent an e and every list an object, for the searches below.
_SHAPE: Final = bytes.maketrans(b"123456789E[", b"000000000e{")
# The escape of é and its neighbours, which many names have. It looks like a number's exponent.
_ACUTE: Final = rb"\u00e"
_ESCAPES: Final = re.compile(rb"\\u[0-9a-fA-F]{4}")


def _may_exceed(shape: bytes, body: bytes) -> bool:
    # Whether a number in the body may exceed 64 bits or be infinite. A search in the bytes costs a
    # tenth of checking every number, and most frames pass the first search. The later ones leave
    # out escapes, which look like numbers.
    if not _shows_excess(shape):
        return False
    if not _shows_excess(body.replace(_ACUTE, b"").translate(_SHAPE)):
        return False
    return _shows_excess(_ESCAPES.sub(b"", body).translate(_SHAPE))


def _shows_excess(shape: bytes) -> bool:
    return _LONG_NUMBER in shape or b"0e0" in shape or b"0e+" in shape


def _needs_walk(shape: bytes, body: bytes) -> bool:
    # What the parser gives is plain and in range. Only its depth, its size and surrogates can be
    # wrong, and the bytes show each of these. Most frames show none, and are not walked.
    if shape.count(b"{") > MAX_JSON_DEPTH:
        return True
    many = len(body) > MAX_JSON_NODES and body.count(b",") > MAX_JSON_NODES
    return many or b"\\ud" in body or b"\\uD" in body


class FrameBuffer:
    """Collects bytes as they arrive, and gives the messages of whole frames.

    A frame that announces more than `max_bytes` is refused before its bytes are collected.

    Attributes:
        popped_bytes: the length of the last frame that `pop` gave, with its header.
    """

    __slots__ = ("_bytes", "_decode", "_max_bytes", "popped_bytes")

    def __init__(self, max_bytes: int, decode: Callable[[bytes], dict[str, Any]] = decode) -> None:
        self._bytes = bytearray()
        self._max_bytes = max_bytes
        self._decode = decode
        self.popped_bytes = 0

    def feed(self, data: bytes) -> None:
        """Add bytes that have arrived."""
        self._bytes += data

    def pop(self) -> dict[str, Any] | None:
        """The message of the next whole frame; None until more bytes come.

        Raises:
            ProtocolBroken: the frame is too long, or its body is malformed.
        """
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
        self.popped_bytes = end
        return self._decode(body)

    @property
    def empty(self) -> bool:
        """Whether no byte waits. Between two events none may."""
        return not self._bytes


def is_plain(value: Any) -> bool:  # noqa: C901 - one loop over every value of every result
    """Whether the value is plain JSON for certain, apart from its texts.

    False may also mean that this quick look cannot tell; then `check_plain` must decide.
    """
    if type(value) is not dict and type(value) is not list:
        return False
    containers = [value]
    for container in containers:
        items: Iterable[Any] = container
        if type(container) is dict:
            for key in container:
                if type(key) is not str:
                    return False
            items = container.values()
        for item in items:
            kind = type(item)
            if kind is str or item is None or kind is bool:
                continue
            if kind is dict or kind is list:
                containers.append(item)
            elif kind is int:
                if not -INTEGER_LIMIT < item < INTEGER_LIMIT:
                    return False
            elif kind is not float:
                return False
        if len(containers) > MAX_JSON_DEPTH:
            return False
    return True


def write_plain(value: Any, *, subject: str) -> str:
    """The value as JSON text in ASCII.

    Raises:
        NotPlain: the value is not plain JSON. The message names it by `subject`.
    """
    if is_plain(value):
        try:
            text = write(value)
        except (ValueError, RecursionError):
            text = "\\ud"  # NaN or infinity, or too deep: `check_plain` below says which
        if "\\ud" not in text:
            return text
    check_plain(value, subject=subject)
    return write(value)


def check_plain(  # noqa: C901 - one loop over every value of every event: calls would double it
    value: Any, *, subject: str = "the value", envelope: tuple[int, int] = (0, 0)
) -> None:
    """Raise unless the value is plain JSON.

    Plain means: exact types of Python, text without lone surrogates, finite numbers, integers
    within 64 bits, and at most `limits.MAX_JSON_DEPTH` levels and `limits.MAX_JSON_NODES` parts.

    Args:
        value: the value.
        subject: what the message calls it.
        envelope: levels and parts that may come on top, for what is around the value.

    Raises:
        NotPlain: it is not plain; the message says why.
    """
    if type(value) not in _CONTAINERS:
        _check_scalar(value, subject)
        return
    stack: list[tuple[Any, int]] = [(value, 1)]
    max_depth, max_nodes = MAX_JSON_DEPTH + envelope[0], MAX_JSON_NODES + envelope[1]
    nodes = 0
    while stack:
        container, depth = stack.pop()
        nodes += len(container) + 1
        if depth > max_depth or nodes > max_nodes:
            raise NotPlain(_too_much(subject, depth, max_depth))
        items = container
        if type(container) in _MAPPINGS:
            _check_keys(container, subject)
            items = container.values()
        for item in items:
            kind = type(item)
            if kind is str:
                if not item.isascii():
                    _check_text(item, subject)
            elif kind in _CONTAINERS:
                stack.append((item, depth + 1))
            else:
                _check_scalar(item, subject)


def _too_much(subject: str, depth: int, max_depth: int) -> str:
    if depth > max_depth:
        return f"{subject} is nested deeper than {max_depth} levels"
    return f"{subject} has more than {MAX_JSON_NODES} parts"


def _check_keys(mapping: Any, subject: str) -> None:
    for key in mapping:
        if type(key) is not str:
            kind = _name(key)
            raise NotPlain(f"{subject} has a key of type {kind}; JSON keys are text: use str()")
        if not key.isascii():
            _check_text(key, subject)


def _check_text(text: str, subject: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotPlain(f"{subject} holds text with a lone surrogate") from None


def _check_scalar(item: Any, subject: str) -> None:
    kind = type(item)
    if item is None or kind is bool:
        return
    if kind is str:
        _check_text(item, subject)
        return
    if kind is int:
        if not -INTEGER_LIMIT < item < INTEGER_LIMIT:
            raise NotPlain(f"{subject} holds an integer beyond 64 bits; return it as text")
        return
    if kind is float:
        if not math.isfinite(item):
            raise NotPlain(f"{subject} holds NaN or infinity, which JSON does not have")
        return
    raise NotPlain(f"{subject} holds {_name(item)}, which is not JSON; {_instead(kind.__name__)}")


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
