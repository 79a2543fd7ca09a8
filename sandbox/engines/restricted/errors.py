"""Exception classes that user code must not make as it likes, and what stands for them there.

A UnicodeDecodeError shows the byte at its `start`, and CPython before 3.13.1 does not look whether
that lies within its object: a negative one shows memory in front of it. C code takes the text of an
exception in many places, and C code raises these classes, so the instance itself has to be sound.
User code therefore never holds the real classes. It holds a stand-in of the same name, which makes
sound instances of the real one; `except` and isinstance() take it for the real one.
"""

from __future__ import annotations

from typing import Any, Final

# What each is about, and how many arguments stand before that: the name of the codec, or nothing.
_ABOUT: Final[dict[type, tuple[type, int]]] = {
    UnicodeDecodeError: (bytes, 1),
    UnicodeEncodeError: (str, 1),
    UnicodeTranslateError: (str, 0),
}


_ARGUMENTS: Final = 4  # text, start, end, reason


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
    kind, before = _ABOUT[real]
    if len(args) == before + _ARGUMENTS:
        text, start, end, _reason = args[before:]
        if (type(text), type(start), type(end)) != (kind, int, int):
            raise TypeError(f"{real.__name__} takes {kind.__name__} and two numbers here")
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"{real.__name__}: {start} to {end} is not within the text")
    return real(*args)


def _stand_in(real: type) -> StandIn:
    made = StandIn(real.__name__, (UnicodeError,), {"__module__": "builtins"})
    made._real = real  # noqa: SLF001 - ours
    return made


STAND_INS: Final[dict[type, StandIn]] = {real: _stand_in(real) for real in _ABOUT}


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
