"""Writes results and effects as JSON text, by the rules of `json.dumps` and the parent's limits.

CPython's encoder makes the text in one call. Then the text shows whether the value may break a
limit; only if it may, the text is examined more closely. The value itself is never walked.
"""

from __future__ import annotations

import enum
import json
import re
from dataclasses import fields, is_dataclass
from typing import Any, Final

from . import encoding
from .caps import INTEGER_LIMIT, MAX_DEPTH, MAX_PARTS

_TWENTY_DIGITS: Final = b"0" * 20  # as many as the shortest integer beyond 64 bits has
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_NUMBER: Final = re.compile(r"(?<![\d.eE+-])-?\d{20,}(?![\d.eE])")
_BRACKETS: Final[dict[int, int | None]] = dict.fromkeys(range(128)) | str.maketrans("[]{}", "[][]")
_NOTE: Final = re.compile(r"when serializing (?:\w+) item (.+)", re.DOTALL)
_ENVELOPE_PARTS: Final = 16  # parts of a frame around a value
# A text with fewer commas, and few brackets, has not too many parts for certain.
_PARTS_SURE: Final = MAX_PARTS - 3 * MAX_DEPTH
_MAX_PATH_CHARS: Final = 100
_MAX_NAME_CHARS: Final = 60
_INSTEAD: Final = {
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
_PLAIN: Final = "return dict, list, str, int, float, bool or None"


_ENCODERS_WORDS: Final = {
    "Out of range float": "NaN or infinity{where}, which JSON does not have",
    "Exceeds the limit": "an integer{where} beyond 64 bits; return it as text",  # of digits
    "Circular reference": "itself{where}; JSON cannot",
}


class Unfit(Exception):
    """The parent would not take the value. The message says where, why, and what to write."""


class UnfitType(Unfit, TypeError):
    """The value holds something that JSON does not have. `json.dumps` raises TypeError for it."""


class UnfitValue(Unfit, ValueError):
    """The value is nested too deeply, is too large, or has a number or text that is not allowed."""


class _NotJson(Exception):
    """Ends the encoder: it has come upon a value that no rule covers."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def instead_of(kind: str) -> str:
    """What to write instead of a value of this class."""
    return _INSTEAD.get(kind, _PLAIN)


def _default(value: Any) -> Any:
    """The rules beyond `json.dumps`: an enum becomes its value, a dataclass a dict of fields."""
    if isinstance(value, enum.Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise _NotJson(value)


_open: dict[int, Any] = {}  # the containers that the encoder is in, by their id
_encode = encoding.encoder(_open, _default)


def write(value: Any, what: str = "the result") -> str:
    """The value as JSON text in ASCII, within the parent's limits.

    Args:
        value: the value, from user code.
        what: what an error's message calls it.

    Raises:
        Unfit: the parent would not take it.
    """
    try:
        text = "".join(_encode(value, 0))
    except (_NotJson, TypeError, ValueError, RecursionError) as problem:
        _open.clear()
        own_error = _in_words(problem, what)
        if own_error is None:
            raise
        raise own_error from None
    except BaseException:
        _open.clear()
        raise
    if (
        text.count("{") + text.count("[") > MAX_DEPTH
        or (len(text) > _PARTS_SURE and text.count(",") > _PARTS_SURE)
        or "\\ud" in text
        or _TWENTY_DIGITS in text.encode("ascii").translate(_DIGITS)  # three times as fast as str
    ):
        _check(text, what)
    return text


def plain(value: Any, what: str) -> Any:
    """The value as exact dict, list, str, int, float, bool and None.

    Raises:
        Unfit: as `write`.
    """
    if value is None or type(value) is bool or (type(value) is str and value.isascii()):
        return value
    return json.loads(write(value, what))


def utf8_bytes(text: str) -> int:
    """The size of this JSON text as it is kept and sent: in UTF-8, without escapes."""
    if "\\u" not in text:
        return len(text)
    return len(json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")).encode())


def _check(text: str, what: str) -> None:
    """Raise UnfitValue if the parent would refuse this text and end the run."""
    structure = _without_texts(text)
    opening_count = structure.count("{") + structure.count("[")
    empty_count = structure.count("{}") + structure.count("[]")
    if opening_count > MAX_DEPTH and _depth(structure) > MAX_DEPTH:
        raise UnfitValue(f"{what} is nested deeper than {MAX_DEPTH} levels")
    if structure.count(",") + 2 * opening_count - empty_count > MAX_PARTS - _ENVELOPE_PARTS:
        raise UnfitValue(f"{what} has more than {MAX_PARTS} parts")
    for number in _NUMBER.findall(structure):
        digits = number.lstrip("-")
        if len(digits) > len(_TWENTY_DIGITS) or int(digits) >= INTEGER_LIMIT:
            raise UnfitValue(f"{what} holds an integer beyond 64 bits; return it as text")
    if "\\ud" in text and has_lone_surrogate(text):
        raise UnfitValue(f"{what} holds text with a lone surrogate")


def has_lone_surrogate(text: str) -> bool:
    """Whether a text in this JSON has a lone surrogate, which is half a character."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _without_texts(text: str) -> str:
    """The JSON text with empty strings in it: only its structure and its numbers are left."""
    return '""'.join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])


def _depth(structure: str) -> int:
    brackets = structure.translate(_BRACKETS)  # brackets only, and of one kind
    for depth in range(MAX_DEPTH + 1):
        if not brackets:
            return depth
        brackets = brackets.replace("[]", "")  # the innermost of each
    return MAX_DEPTH + 1


def _in_words(error: Exception, what: str) -> Unfit | None:
    """The encoder's error as one that says what to write; None for an error of user code."""
    if isinstance(error, _NotJson):
        kind = type(error.value).__name__
        class_name = kind if kind.isidentifier() and len(kind) < _MAX_NAME_CHARS else "an object"
        where = _where(error)
        return UnfitType(f"{what} holds {class_name}{where}, which is not JSON; {instead_of(kind)}")
    if isinstance(error, RecursionError):
        return UnfitValue(f"{what} is nested deeper than {MAX_DEPTH} levels")
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
    """Where in the value it is, such as ` at ['items'][2]`; empty if that is unknown.

    CPython 3.14 adds a note to the error for each container, from the inside out.
    """
    steps = [_NOTE.fullmatch(note) for note in getattr(error, "__notes__", ())]
    path = "".join(f"[{step[1]}]" for step in reversed(steps) if step)
    if not path or len(path) > _MAX_PATH_CHARS:
        return ""
    return f" at {path}"
