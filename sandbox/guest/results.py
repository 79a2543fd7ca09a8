"""What a run leaves, as JSON text: by the rules of `json.dumps`, within what the parent takes.

The text is made by CPython's own encoder, in one go. Whether it is what the parent takes is then
read off the text: a value is never walked, unless the text shows that something may be wrong.
"""

from __future__ import annotations

import enum
import json
import re
from dataclasses import fields, is_dataclass
from typing import Any

from . import encoding
from .caps import DEPTH_MAX, INTEGER_LIMIT, PARTS_MAX

_TWENTY_DIGITS = b"0" * 20  # the shortest integer that may be beyond 64 bits has as many
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_NUMBER = re.compile(r"(?<![\d.eE+-])-?\d{20,}(?![\d.eE])")
_BRACKETS: dict[int, int | None] = dict.fromkeys(range(128)) | str.maketrans("[]{}", "[][]")
_NOTE = re.compile(r"when serializing (?:\w+) item (.+)", re.DOTALL)
_ENVELOPE_PARTS = 16  # of a frame around a value
_PARTS_SURE = PARTS_MAX - 3 * DEPTH_MAX  # with fewer commas and few brackets there are not too many
_PATH_MAX_CHARS = 100
_NAME_MAX_CHARS = 60
_INSTEAD = {
    "set": "use sorted(...) or list(...)",
    "frozenset": "use sorted(...) or list(...)",
    "Decimal": "use float(...) or str(...)",
    "Fraction": "use float(...) or str(...)",
    "complex": "use str(...)",
    "datetime": "use .isoformat()",
    "date": "use .isoformat()",
    "time": "use .isoformat()",
    "timedelta": "use .total_seconds()",
    "bytes": "use .decode() or base64",
    "bytearray": "use .decode() or base64",
    "generator": "use list(...)",
    "map": "use list(...)",
    "filter": "use list(...)",
    "zip": "use list(...)",
    "range": "use list(...)",
    "dict_keys": "use list(...)",
    "dict_values": "use list(...)",
    "dict_items": "use dict(...)",
    "deque": "use list(...)",
    "array": "use list(...)",
    "mappingproxy": "use dict(...)",
    "ChainMap": "use dict(...)",
    "UserDict": "use dict(...)",
    "SimpleNamespace": "use vars(...)",
    "UUID": "use str(...)",
    "PosixPath": "use str(...)",
    "Match": "use .group() or .groupdict()",
    "Response": "use .json() or .text",
    "Answer": "use .json() or .text",
    "coroutine": "await it",
    "async_generator": "collect it: [item async for item in ...]",
    "function": "call it",
    "method": "call it",
    "builtin_function_or_method": "call it",
    "type": "make an object of it, and return its values",
}
_PLAIN = "return dict, list, str, int, float, bool or None"


_ENCODERS_WORDS = {
    "Out of range float": "NaN or infinity{where}, which JSON does not have",
    "Exceeds the limit": "an integer{where} beyond 64 bits; return it as text",  # of digits
    "Circular reference": "itself{where}; JSON cannot",
}


class Unfit(Exception):
    """The value is not JSON, or not such as the parent takes; says where, and what to do."""


class UnfitType(Unfit, TypeError):
    """It holds what JSON does not have; `json.dumps` raises TypeError for it."""


class UnfitValue(Unfit, ValueError):
    """It is nested too deep, too large, or holds a number or a text out of range."""


class _NotJson(Exception):
    """What the encoder ends with when no rule knows the value."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def instead_of(kind: str) -> str:
    """What to write instead of a value of this class."""
    return _INSTEAD.get(kind, _PLAIN)


def _default(value: Any) -> Any:
    """Rules beyond `json.dumps`: an enum is its value, a dataclass a dict of its fields."""
    if isinstance(value, enum.Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise _NotJson(value)


_open: dict[int, Any] = {}  # the containers that the encoder is in, by their id
_encode = encoding.encoder(_open, _default)


def write(value: Any, what: str = "the result") -> str:
    """The value as JSON text, ASCII only, such as the parent takes.

    Args:
        value: what user code gave.
        what: how an error's text calls it.

    Raises:
        Unfit: the parent would not take it.
    """
    try:
        text = "".join(_encode(value, 0))
    except (_NotJson, TypeError, ValueError, RecursionError) as error:
        _open.clear()
        worded = _in_words(error, what)
        if worded is None:
            raise
        raise worded from None
    except BaseException:
        _open.clear()
        raise
    if (
        text.count("{") + text.count("[") > DEPTH_MAX
        or (len(text) > _PARTS_SURE and text.count(",") > _PARTS_SURE)
        or "\\ud" in text
        or _TWENTY_DIGITS in text.encode("ascii").translate(_DIGITS)  # bytes take a third
    ):
        _check(text, what)
    return text


def plain(value: Any, what: str) -> Any:
    """The value as exact dict, list, str, int, float, bool and None; raises as `write` does."""
    if value is None or type(value) is bool or (type(value) is str and value.isascii()):
        return value
    return json.loads(write(value, what))


def utf8_bytes(text: str) -> int:
    """Bytes of this JSON text as it is kept and sent: in UTF-8, not in escapes."""
    if "\\u" not in text:
        return len(text)
    return len(json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")).encode())


def _check(text: str, what: str) -> None:
    """ValueError where the parent would refuse this text, and end the run for it."""
    bare = _without_texts(text)
    opened = bare.count("{") + bare.count("[")
    empty = bare.count("{}") + bare.count("[]")
    if opened > DEPTH_MAX and _depth(bare) > DEPTH_MAX:
        raise UnfitValue(f"{what} is nested deeper than {DEPTH_MAX} levels")
    if bare.count(",") + 2 * opened - empty > PARTS_MAX - _ENVELOPE_PARTS:
        raise UnfitValue(f"{what} has more than {PARTS_MAX} parts")
    for number in _NUMBER.findall(bare):
        digits = number.lstrip("-")
        if len(digits) > len(_TWENTY_DIGITS) or int(digits) >= INTEGER_LIMIT:
            raise UnfitValue(f"{what} holds an integer beyond 64 bits; return it as text")
    if "\\ud" in text and has_lone_surrogate(text):
        raise UnfitValue(f"{what} holds text with a lone surrogate")


def has_lone_surrogate(text: str) -> bool:
    """True where half a character stands alone in a text of this JSON."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _without_texts(text: str) -> str:
    """The JSON text with all its strings empty: structure and numbers alone."""
    return '""'.join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])


def _depth(bare: str) -> int:
    left = bare.translate(_BRACKETS)  # brackets only, and of one kind
    for depth in range(DEPTH_MAX + 1):
        if not left:
            return depth
        left = left.replace("[]", "")  # the innermost of each
    return DEPTH_MAX + 1


def _in_words(error: Exception, what: str) -> Unfit | None:
    """The encoder's error as one that says what to do; None for an error of the user's own code."""
    if isinstance(error, _NotJson):
        kind = type(error.value).__name__
        shown = kind if kind.isidentifier() and len(kind) < _NAME_MAX_CHARS else "an object"
        where = _where(error)
        return UnfitType(f"{what} holds {shown}{where}, which is not JSON; {instead_of(kind)}")
    if isinstance(error, RecursionError):
        return UnfitValue(f"{what} is nested deeper than {DEPTH_MAX} levels")
    text = str(error)
    if text.startswith("keys must be "):
        kind = text.rpartition(" ")[2]
        where = _where(error)
        return UnfitType(f"{what} has a key of type {kind}{where}; JSON keys are text: use str()")
    for beginning, words in _ENCODERS_WORDS.items():
        if text.startswith(beginning):
            return UnfitValue(f"{what} holds {words.format(where=_where(error))}")
    return None


def _where(error: BaseException) -> str:
    """Where in the value, such as ` at ['items'][2]`: CPython 3.14 notes it, from inside out."""
    steps = [_NOTE.fullmatch(note) for note in getattr(error, "__notes__", ())]
    path = "".join(f"[{step[1]}]" for step in reversed(steps) if step)
    if not path or len(path) > _PATH_MAX_CHARS:
        return ""
    return f" at {path}"
