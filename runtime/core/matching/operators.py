"""The comparison operators of EventBridge patterns: which operands each takes, and its test."""

from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Final

from runtime.core.matching import ignoring_case, wildcards
from runtime.core.matching.addresses import Network, read_address, read_network
from runtime.core.matching.numbers import identity, is_number, ordered
from runtime.errors import BadInput, Place

MAX_NUMBER: Final = 5.0e9  # EventBridge documents `numeric` for -5e9 to 5e9; equality has no range
Test = Callable[[Any], bool]
_COMPARE: Final = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


def bad(reason: str, at: Place) -> BadInput:
    """The error for a bad filter: the reason, and the place in the filter."""
    return BadInput(reason, field=at, code="bad_filter")


def ABSENT(_: Any) -> bool:  # noqa: N802 - a marker, like a constant: no value can tell that it is absent
    """Mark the rule `{"exists": false}`, which only the whole event can decide."""
    return False


def any_of(tests: Sequence[Test]) -> Test:
    """A test that holds if any of `tests` holds."""
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def compile_rule(rule: object, at: Place) -> Test:
    """The test for one entry of a pattern's array: a plain value, or an object with one operator.

    Raises:
        BadInput: code `bad_filter`.
    """
    if not isinstance(rule, Mapping):
        return _equals(rule, at)
    if len(rule) != 1:
        raise bad("an operator stands alone in its object", at)
    (name, operand), *_ = rule.items()
    make = _OPERATORS.get(name)
    if make is None:
        raise bad(f"unknown operator {name!r}; known are {', '.join(sorted(_OPERATORS))}", at)
    return make(operand, (*at, name))


def _equals(operand: object, at: Place) -> Test:
    if operand is not None and not isinstance(operand, bool | int | float | str):
        raise bad("must be a string, a number, true, false, null or an operator", at)
    address = read_address(operand) if isinstance(operand, str) else None
    if address is not None:
        return Network(address, address).covers  # one address may be written in several ways
    return _exactly(operand)


def _exactly(operand: object) -> Test:
    same = identity(operand)
    return lambda value: identity(value) == same


def _prefix(operand: object, at: Place) -> Test:
    if isinstance(operand, Mapping):
        pattern = _ignoring_case(operand, at)
        return lambda value: isinstance(value, str) and ignoring_case.starts_with(value, pattern)
    text = _text(operand, at)
    return lambda value: isinstance(value, str) and value.startswith(text)


def _suffix(operand: object, at: Place) -> Test:
    if isinstance(operand, Mapping):
        pattern = _ignoring_case(operand, at)
        return lambda value: isinstance(value, str) and ignoring_case.ends_with(value, pattern)
    text = _text(operand, at)
    return lambda value: isinstance(value, str) and value.endswith(text)


def _equals_ignore_case(operand: object, at: Place) -> Test:
    pattern = _text(operand, at)
    return lambda value: isinstance(value, str) and ignoring_case.equals(value, pattern)


def _ignoring_case(operand: Mapping[str, Any], at: Place) -> str:
    if set(operand) != {"equals-ignore-case"}:
        raise bad("takes a string or {equals-ignore-case: string}", at)
    return _text(operand["equals-ignore-case"], at)


def _wildcard(operand: object, at: Place) -> Test:
    try:
        parts = wildcards.split(_text(operand, at))
    except ValueError as problem:
        raise bad(str(problem), at) from problem
    return lambda value: isinstance(value, str) and wildcards.fits(value, parts)


def _numeric(operand: object, at: Place) -> Test:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise bad('takes ["<", 10] or [">", 0, "<=", 5]', at)
    operators, numbers = operand[::2], [_in_range(number, at) for number in operand[1::2]]
    if any(not isinstance(name, str) or name not in _COMPARE for name in operators):
        raise bad(f"compares with {' '.join(_COMPARE)}", at)
    if len(operators) > 1:
        if operators[0] not in (">", ">=") or operators[1] not in ("<", "<="):
            raise bad("a range begins with > or >= and ends with < or <=", at)
        if numbers[0] >= numbers[1]:
            raise bad("the range's bottom must be below its top", at)
    checks = [(_COMPARE[name], number) for name, number in zip(operators, numbers, strict=True)]

    def test(value: object) -> bool:
        number = ordered(value) if is_number(value) else None
        return number is not None and all(compare(number, bound) for compare, bound in checks)

    return test


def _exists(operand: object, at: Place) -> Test:
    if not isinstance(operand, bool):
        raise bad("takes true or false", at)
    return (lambda _: True) if operand else ABSENT


def _cidr(operand: object, at: Place) -> Test:
    try:
        return read_network(_text(operand, at)).covers
    except ValueError as problem:
        raise bad(f"is not an address range: {problem}", at) from problem


def _anything_but(operand: object, at: Place) -> Test:
    if isinstance(operand, Mapping):
        return _anything_but_operator(operand, at)
    unwanted = operand if isinstance(operand, list) else [operand]
    if not unwanted:
        raise bad("an empty array excludes nothing", at)
    strings = all(isinstance(item, str) for item in unwanted)
    if not strings and not all(is_number(item) for item in unwanted):
        raise bad("takes strings or numbers, not both", at)
    if not strings and None in map(ordered, unwanted):
        raise bad("takes numbers that a double can hold", at)
    test = any_of([_exactly(item) for item in unwanted])
    return lambda value: not test(value)


def _anything_but_operator(operand: Mapping[str, Any], at: Place) -> Test:
    if len(operand) != 1:
        raise bad("an operator stands alone in its object", at)
    (name, values), *_ = operand.items()
    make = _EXCLUDABLE.get(name)
    if make is None:
        raise bad(f"can exclude {', '.join(sorted(_EXCLUDABLE))}, not {name!r}", at)
    values = values if isinstance(values, list) else [values]
    if not values or (name in _AFFIXES and "" in values):
        raise bad("must not be empty", at)
    test = any_of([make(item, (*at, name)) for item in values])
    return lambda value: not test(value)


def _text(operand: object, at: Place) -> str:
    if not isinstance(operand, str):
        raise bad("takes a string", at)
    return operand


def _in_range(value: object, at: Place) -> float:
    if not is_number(value):
        raise bad("must be a number", at)
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise bad("numbers are compared from -5e9 to 5e9 only", at)
    return value


_Make = Callable[[object, Place], Test]
_AFFIXES: Final = frozenset(("prefix", "suffix"))
_EXCLUDABLE: Final[Mapping[str, _Make]] = MappingProxyType(
    {
        "prefix": _prefix,
        "suffix": _suffix,
        "equals-ignore-case": _equals_ignore_case,
        "wildcard": _wildcard,
    }
)
_OPERATORS: Final[Mapping[str, _Make]] = MappingProxyType(
    {
        **_EXCLUDABLE,
        "exactly": lambda operand, at: _exactly(_text(operand, at)),
        "numeric": _numeric,
        "exists": _exists,
        "cidr": _cidr,
        "anything-but": _anything_but,
    }
)

# A field inside `$or` may not have one of these names, because it would read like an operator:
# today's operators, their comparisons, and the names that EventBridge reserves.
RESERVED: Final = frozenset(
    (
        *_OPERATORS,
        *_COMPARE,
        *("regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    )
)
