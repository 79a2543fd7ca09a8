"""Reads the settings of data transforms from JSON, and writes them as JSON again."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Final, TypeVar

from runtime.core.json_text import dump
from runtime.core.profiles import phones
from runtime.core.transforms.dates import DateOrder
from runtime.core.transforms.default import Default
from runtime.core.transforms.format import Case, Decimal, Format, Kind
from runtime.core.transforms.hash import Hash
from runtime.core.transforms.merge import Choice, Merge
from runtime.core.transforms.split import Split
from runtime.core.transforms.standardize import Operator, Rule, Standardize, holds
from runtime.core.transforms.tables import Table
from runtime.core.transforms.transform import Definition, Method, Settings
from runtime.core.transforms.values import MAX_VALUE_CHARS
from runtime.errors import BadInput, Place

E = TypeVar("E", bound=StrEnum)
MAX_SETTINGS_CHARS: Final = 16 * 1024  # as JSON; with a hundred transforms a worker reads 1.6 MB
MAX_RULES: Final = 50  # of one Standardize
MAX_RULE_VALUES: Final = 100
MAX_KEPT_CHARS: Final = 64
MAX_SEPARATOR_CHARS: Final = 16
MAX_PART: Final = 100
_AT: Final = "settings"


def settings(method: Method, raw: Mapping[str, Any]) -> Settings:
    """Read the settings of a method.

    Raises:
        BadInput: code `bad_settings`, `bad_pattern` or `settings_too_large`, with the field.
    """
    size = len(dump(raw))
    if size > MAX_SETTINGS_CHARS:
        raise BadInput(
            f"has {size} characters as JSON; at most {MAX_SETTINGS_CHARS}",
            field=_AT,
            code="settings_too_large",
        )
    fields = _Fields(raw, (_AT,))
    read = _settings(method, fields)
    fields.end()
    return read


def to_json(read: Settings) -> dict[str, Any]:
    """The settings as JSON, with every field; `settings` reads the same from it."""
    return {name: _plain(value) for name, value in asdict(read).items()}


def are_same(one: Definition, two: Definition) -> bool:
    """Whether two definitions are the same to the letter; to Python 1 and true are equal."""
    return one == two and dump(to_json(one.settings)) == dump(to_json(two.settings))


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [
            {name: _plain(each) for name, each in member.items()}
            if isinstance(member, dict) and "operator" in member
            else member
            for member in value
        ]
    return value


def _settings(method: Method, fields: "_Fields") -> Settings:
    match method:
        case Method.FORMAT:
            return _format(fields)
        case Method.STANDARDIZE:
            return _standardize(fields)
        case Method.MERGE:
            return Merge(choice=fields.choice("choice", Choice) or Choice.FIRST)
        case Method.SPLIT:
            return _split(fields)
        case Method.DEFAULT:
            return _default(fields)
        case Method.HASH:
            return Hash(normalize=fields.flag("normalize", default=True))


def _format(fields: "_Fields") -> Format:
    read = Format(
        trim=fields.flag("trim"),
        quotes=fields.flag("quotes"),
        special_characters=fields.flag("special_characters"),
        keep=fields.text("keep", most=MAX_KEPT_CHARS) or "",
        case=fields.choice("case", Case),
        kind=fields.choice("kind", Kind),
        date_order=fields.choice("date_order", DateOrder) or DateOrder.MONTH_FIRST,
        decimal=fields.choice("decimal", Decimal) or Decimal.POINT,
        country=fields.text("country", most=len("DE")),
    )
    steps = (read.trim, read.quotes, read.special_characters, read.case, read.kind)
    if not any(steps):
        raise fields.refusal(
            "choose a step: trim, quotes, special_characters, case or kind", name=None
        )
    if read.special_characters and read.kind is not None:
        raise fields.refusal(
            f"a {read.kind} is written with special characters; leave out one of the two",
            name="special_characters",
        )
    if read.country is not None and not phones.is_country(read.country):
        raise fields.refusal("must be an ISO 3166 code such as DE, or null", name="country")
    return read


def _standardize(fields: "_Fields") -> Standardize:
    rules = tuple(_rule(each) for each in fields.objects("rules", most=MAX_RULES))
    table = fields.choice("table", Table)
    if not rules and table is None:
        raise fields.refusal("give rules, a table, or both", name=None)
    return Standardize(rules=rules, table=table)


def _rule(fields: "_Fields") -> Rule:
    operator = fields.choice("operator", Operator)
    if operator is None:
        raise fields.refusal(f"must be one of {', '.join(Operator)}", name="operator")
    rule = Rule(
        operator=operator,
        values=fields.values("values", texts=operator is not Operator.EQUALS),
        replacement=fields.value("replacement"),
        ignore_case=fields.flag("ignore_case"),
    )
    fields.end()
    try:
        holds(rule)
    except BadInput as problem:
        raise BadInput(
            problem.message, field=(*fields.place, "values"), code=problem.code
        ) from problem
    return rule


def _split(fields: "_Fields") -> Split:
    separator = fields.text("separator", most=MAX_SEPARATOR_CHARS)
    if separator == "":
        raise fields.refusal("is empty; null splits at spaces", name="separator")
    return Split(separator=separator, part=fields.part("part"))


def _default(fields: "_Fields") -> Default:
    value = fields.value("value")
    if value is None:
        raise fields.refusal("must not be null: that is no value", name="value")
    return Default(value=value)


class _Fields:
    """The members of one JSON object, each of which is read once."""

    def __init__(self, raw: Mapping[str, Any], place: Place) -> None:
        self.place = place
        self._raw = raw
        self._read: set[str] = set()

    def refusal(self, reason: str, *, name: str | None) -> BadInput:
        place = self.place if name is None else (*self.place, name)
        return BadInput(reason, field=place, code="bad_settings")

    def end(self) -> None:
        """Refuse what nobody has read."""
        for name in self._raw:
            if name not in self._read:
                known = ", ".join(sorted(self._read))
                raise self.refusal(f"is unknown here; known are {known}", name=name)

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._raw.get(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refusal("must be true or false", name=name)
        return value

    def text(self, name: str, *, most: int) -> str | None:
        value = self._take(name)
        if value is not None and not (isinstance(value, str) and len(value) <= most):
            raise self.refusal(f"must be text of at most {most} characters", name=name)
        return value

    def choice(self, name: str, kind: type[E]) -> E | None:
        value = self._take(name)
        if value is None:
            return None
        if value not in list(kind):
            raise self.refusal(f"must be one of {', '.join(kind)}", name=name)
        return kind(value)

    def part(self, name: str) -> int | None:
        value = self._take(name)
        if value is None:
            return None
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
        if not whole or value == 0 or abs(value) > MAX_PART:
            raise self.refusal(
                f"must be from 1 (the first) to {MAX_PART}, or from -1 (the last) to -{MAX_PART};"
                " null takes the list of all parts",
                name=name,
            )
        return int(value)

    def value(self, name: str) -> Any:
        value = self._take(name)
        if name not in self._raw:
            raise self.refusal("is missing", name=name)
        if len(dump(value)) > MAX_VALUE_CHARS:
            raise self.refusal(f"has more than {MAX_VALUE_CHARS} characters as JSON", name=name)
        return value

    def values(self, name: str, *, texts: bool) -> tuple[Any, ...]:
        values = self._take(name)
        if not isinstance(values, list) or not 1 <= len(values) <= MAX_RULE_VALUES:
            raise self.refusal(f"must be a list of 1 to {MAX_RULE_VALUES} values", name=name)
        if texts and not all(isinstance(each, str) and each for each in values):
            raise self.refusal("must be texts, and none of them empty", name=name)
        return tuple(values)

    def objects(self, name: str, *, most: int) -> "list[_Fields]":
        value = self._take(name)
        listed = [] if value is None else value
        if (
            not isinstance(listed, list)
            or len(listed) > most
            or not all(isinstance(each, Mapping) for each in listed)
        ):
            raise self.refusal(f"must be a list of at most {most} objects", name=name)
        return [_Fields(each, (*self.place, name, n)) for n, each in enumerate(listed)]
