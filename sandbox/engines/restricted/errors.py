"""Exception classes that user code must not make as it likes, and what stands for them there.

A UnicodeDecodeError shows the byte at its `start`, and CPython before 3.13.1 does not look whether
that lies within its object: a negative one shows memory in front of it. C code takes the text of an
exception in many places, and C code raises these classes, so the instance itself has to be sound.
User code therefore never holds the real classes. It holds a stand-in of the same name, which makes
sound instances of the real one; `except` and isinstance() take it for the real one.
"""

from __future__ import annotations

from typing import Any

_TEXTS = {UnicodeDecodeError: bytes, UnicodeEncodeError: str, UnicodeTranslateError: str}


class StandIn(type):
    """The class of stand-ins: calls, isinstance() and issubclass() mean the real class."""

    _real: type

    def __call__(cls, *args: Any) -> Any:
        """An instance of the real class; ValueError where it would point outside its text."""
        return _made(cls._real, args)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls._real)

    def __subclasscheck__(cls, other: type) -> bool:
        return other is cls or issubclass(other, cls._real)

    def __repr__(cls) -> str:
        return f"<class '{cls.__name__}'>"


def _made(real: type, args: tuple[Any, ...]) -> Any:
    before = 0 if real is UnicodeTranslateError else 1  # the name of the codec comes first
    if len(args) == before + len(("text", "start", "end", "reason")):
        text, start, end = args[before:-1]
        if type(text) is not _TEXTS[real]:
            raise TypeError(f"{real.__name__} takes exactly {_TEXTS[real].__name__} here")
        if type(start) is not int or type(end) is not int or not 0 <= start <= end <= len(text):
            raise ValueError(f"{real.__name__}: {start!r} to {end!r} is not within the text")
    return real(*args)


def _stand_in(real: type) -> StandIn:
    made = StandIn(real.__name__, (UnicodeError,), {"__module__": "builtins"})
    made._real = real  # noqa: SLF001 - ours
    return made


STAND_INS: dict[type, StandIn] = {real: _stand_in(real) for real in _TEXTS}


def shown_class(kind: Any) -> Any:
    """The class as user code may hold it."""
    return STAND_INS.get(kind, kind) if isinstance(kind, type) else kind


def caught(kinds: Any) -> Any:
    """What stands behind `except`, as Python takes it: real classes, alone or in a tuple."""
    if type(kinds) is StandIn:
        return kinds._real  # noqa: SLF001 - ours
    if isinstance(kinds, tuple):
        return tuple(map(caught, tuple.__iter__(kinds)))
    return kinds
