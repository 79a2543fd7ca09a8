"""The method Standardize: replaces values by rules, or by a table that stands ready.

The first rule that holds decides, and replaces the whole value; without one a table may know the
value; otherwise it stays. Values and replacements keep their types: 1 is not "1".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from runtime.core.transforms import tables
from runtime.core.transforms.pattern import Pattern
from runtime.core.transforms.tables import Table
from runtime.core.transforms.values import ABSENT, Source, Value, Work, identity, only

_Holds: TypeAlias = Callable[[Any], bool]


class Operator(StrEnum):
    """How a rule compares. All but `equals` hold for texts alone."""

    EQUALS = "equals"  # any JSON value
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES = "matches"  # the values are regular expressions, found anywhere in the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """If the value compares so with any of these, it is replaced."""

    operator: Operator
    values: tuple[Any, ...]  # JSON; texts for all operators but `equals`
    replacement: Any  # JSON; null takes the value away
    ignore_case: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardize:
    """The rules in their order, and the table behind them; at least one of both."""

    rules: tuple[Rule, ...] = ()
    table: Table | None = None


def work(settings: Standardize) -> Work:
    """What standardizes the source; an absent source stays absent.

    It is idempotent where no replacement is a value that a rule or the table replaces again.

    Raises:
        BadInput: code `bad_pattern`.
    """
    rules = [(holds(rule), rule.replacement) for rule in settings.rules]
    look_up = None if settings.table is None else tables.LOOK_UP[settings.table]

    def standardized(sources: Sequence[Source]) -> Value:
        value = only(sources)
        if value is ABSENT:
            return ABSENT
        for rule_holds, replacement in rules:
            if rule_holds(value):
                return replacement
        standard = look_up(value) if look_up is not None and isinstance(value, str) else None
        return value if standard is None else standard

    return standardized


def holds(rule: Rule) -> _Holds:
    """What tells whether the rule holds for a value.

    Raises:
        BadInput: code `bad_pattern`.
    """
    if rule.operator is Operator.EQUALS:
        return _equality(rule)
    if rule.operator is Operator.MATCHES:
        patterns = [Pattern(text, ignore_case=rule.ignore_case) for text in rule.values]
        return lambda value: isinstance(value, str) and any(p.matches(value) for p in patterns)
    compare = {
        Operator.CONTAINS: str.__contains__,
        Operator.STARTS_WITH: str.startswith,
        Operator.ENDS_WITH: str.endswith,
    }[rule.operator]
    folded = str.casefold if rule.ignore_case else str
    texts = [folded(text) for text in rule.values]
    return lambda value: (
        isinstance(value, str) and any(compare(folded(value), text) for text in texts)
    )


def _equality(rule: Rule) -> _Holds:
    def key(value: Any) -> object:
        return identity(value.casefold() if rule.ignore_case and isinstance(value, str) else value)

    keys = frozenset(map(key, rule.values))
    return lambda value: key(value) in keys
