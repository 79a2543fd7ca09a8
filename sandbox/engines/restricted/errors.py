"""Stand-ins for exception classes that user code must not call with arguments of its choice.

A UnicodeDecodeError shows the byte at its `start`. CPython before 3.13.1 does not check that this
lies within the object, so a negative `start` shows memory in front of it
(https://github.com/python/cpython/issues/123378). C code raises these exceptions, and makes texts
of them in many places, so the instances themselves have to be sound. For this reason user code
never holds the real classes. It holds a stand-in of the same name, which makes sound instances of
the real class. `except` and isinstance() treat the stand-in as the real class.
"""

from __future__ import annotations

from typing import Any, Final

# For each class the type of the object that the error is about, and how many arguments come before
# it: one, the codec's name, or none.
_ABOUT: Final[dict[type, tuple[type, int]]] = {
    UnicodeDecodeError: (bytes, 1),
    UnicodeEncodeError: (str, 1),
    UnicodeTranslateError: (str, 0),
}


_ARGUMENTS: Final = 4  # the object, start, end and reason


class StandIn(type):
    """The metaclass of stand-ins: calls, isinstance() and issubclass() go to the real class."""

    _real: type

    def __call__(cls, *args: Any) -> Any:
        """An instance of the real class.

        Raises:
            TypeError: an argument has another type than the real class takes.
            ValueError: `start` or `end` does not lie within the object.
        """
        return _sound_instance(cls._real, args)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls._real)

    def __subclasscheck__(cls, other: type) -> bool:
        return other is cls or issubclass(other, cls._real)

    def __repr__(cls) -> str:
        return f"<class '{cls.__name__}'>"


def _sound_instance(real: type, args: tuple[Any, ...]) -> Any:
    kind, before = _ABOUT[real]
    if len(args) == before + _ARGUMENTS:
        text, start, end, _reason = args[before:]
        if (type(text), type(start), type(end)) != (kind, int, int):
            raise TypeError(f"{real.__name__} takes {kind.__name__} and two numbers here")
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"{real.__name__}: {start} to {end} is not within the text")
    return real(*args)


def _stand_in(real: type) -> StandIn:
    stand_in = StandIn(real.__name__, (UnicodeError,), {"__module__": "builtins"})
    stand_in._real = real  # noqa: SLF001 - ours
    return stand_in


STAND_INS: Final[dict[type, StandIn]] = {real: _stand_in(real) for real in _ABOUT}


def shown_class(kind: Any) -> Any:
    """The class in the form that user code may hold: a stand-in, or the class itself."""
    return STAND_INS.get(kind, kind) if isinstance(kind, type) else kind


def caught(kinds: Any) -> Any:
    """The classes of an `except` clause, with the real class in place of each stand-in."""
    if type(kinds) is StandIn:
        return kinds._real  # noqa: SLF001 - ours
    if isinstance(kinds, tuple):
        return tuple(map(caught, tuple.__iter__(kinds)))
    return kinds
