"""When two JSON numbers are the same one, and which can be ordered, as EventBridge decides it."""

from decimal import Decimal
from typing import Final, TypeAlias, TypeGuard

Number: TypeAlias = int | float

MAX_EXACT: Final = 2**53  # up to here every integer is a double, and no two share one


def is_number(value: object) -> TypeGuard[Number]:
    """Whether it is one to JSON: to Python, `True` is 1."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def ordered(number: Number) -> float | None:
    """The number as it is compared with `<` and `>`; None if it cannot be.

    A number can be ordered if a double stands for exactly it, which the double's shortest spelling
    tells: 12345678901234567 has none, because the nearest is written 12345678901234568.
    """
    if isinstance(number, float) or -MAX_EXACT <= number <= MAX_EXACT:
        return number
    try:
        nearest = float(number)
    except OverflowError:
        return None
    return nearest if Decimal(repr(nearest)) == number else None


def identity(value: object) -> object:
    """What is equal for equal JSON scalars only: 1 and 1.0 are one number, 1 and true are not.

    An integer for which no double stands equals itself alone, so large ids are told apart.
    """
    if isinstance(value, str):  # first: nearly all are
        return value
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, int) and not -MAX_EXACT <= value <= MAX_EXACT:
        number = ordered(value)
        return (int, value) if number is None else number
    return value
