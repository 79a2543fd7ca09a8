"""Decides as EventBridge does whether two JSON numbers are equal, and which can be ordered."""

from decimal import Decimal
from typing import Final, TypeAlias, TypeGuard

Number: TypeAlias = int | float

MAX_EXACT: Final = 2**53  # up to here every integer has a double of its own


def is_number(value: object) -> TypeGuard[Number]:
    """Whether JSON calls the value a number. To Python, `True` would be one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def ordered(number: Number) -> float | None:
    """The number as a double that `<` and `>` can compare; None if no double equals it.

    A double equals the number if the double's shortest spelling says so. No double equals
    12345678901234567, because the nearest one is written 12345678901234568.
    """
    if isinstance(number, float) or -MAX_EXACT <= number <= MAX_EXACT:
        return number
    try:
        nearest = float(number)
    except OverflowError:
        return None
    return nearest if Decimal(repr(nearest)) == number else None


def identity(value: object) -> object:
    """A key that two JSON scalars share only if they are equal: 1 and 1.0 do, 1 and true do not.

    An integer that no double equals is equal to itself only, so large ids stay distinct.
    """
    if isinstance(value, str):  # first, because nearly all values are strings
        return value
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, int) and not -MAX_EXACT <= value <= MAX_EXACT:
        number = ordered(value)
        return (int, value) if number is None else number
    return value
