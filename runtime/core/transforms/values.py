"""The values that data transforms read and make: any JSON, or none."""

from collections.abc import Callable, Hashable, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias

from runtime.core.json_text import dump
from runtime.core.matching import numbers

# Of one value that a transform reads or makes. It bounds what a chain may cost: a profile has at
# most 256 KB of properties, and a hundred transforms may read the largest of them.
MAX_VALUE_CHARS: Final = 8192


class Absent(Enum):
    """There is no value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
# JSON, or ABSENT. (A union with Any would say no more than Any does.)
Value: TypeAlias = Any


class Source(NamedTuple):
    """A property as a transform reads it."""

    value: Value
    # The stamp of the property, which begins with its time in ISO 8601; empty when it is absent.
    set_at: str


# What a method does with the properties that it reads, in the order in which they are listed.
Work: TypeAlias = Callable[[Sequence[Source]], Value]


def is_empty(value: Value) -> bool:
    """Whether a value says nothing: none, null, blank text, an empty list or an empty object."""
    if value is ABSENT or value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, list | dict) and not value


def is_too_large(value: Value) -> bool:
    """Whether a value is larger than transforms read or make."""
    if isinstance(value, str):
        return len(value) > MAX_VALUE_CHARS
    return isinstance(value, list | dict) and len(dump(value)) > MAX_VALUE_CHARS


def identity(value: Any) -> Hashable:
    """A key that two JSON values share only if they are equal: 1 and 1.0 do, 1 and true do not."""
    if isinstance(value, list):
        return ("list", *map(identity, value))
    if isinstance(value, dict):
        return ("object", frozenset((name, identity(each)) for name, each in value.items()))
    key: Hashable = numbers.identity(value)
    return key


def in_each_text(value: Any, change: Callable[[str], Any]) -> Any:
    """The value with its text changed; of a list, each text in it; all else stays as it is."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [change(each) if isinstance(each, str) else each for each in value]
    return value


def only(sources: Sequence[Source]) -> Value:
    """The value of the one source that most methods have."""
    return sources[0].value
