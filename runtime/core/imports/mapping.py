"""What each column of a file becomes: a name of the person, a property, or a consent.

A target is written `email`, `names.loyalty_id`, `properties.city`, `properties.age:number`,
`properties` (an object of properties) or `consent.sms`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from runtime.core import formulas
from runtime.core.json_text import decode
from runtime.core.profiles.consent import CHANNELS
from runtime.core.profiles.profile import IDENTIFIERS
from runtime.errors import BadInput

MAX_COLUMNS: Final = 500  # of a file; the people of no export had more
# What a cell of a consent may say, in lower case.
_SUBSCRIBED: Final = frozenset({"subscribed", "true", "yes", "1"})
_UNSUBSCRIBED: Final = frozenset({"unsubscribed", "false", "no", "0"})
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})


class Kind(StrEnum):
    """What a column becomes."""

    NAME = "name"
    OWN_NAME = "names"
    PROPERTY = "properties"
    ALL_PROPERTIES = "all properties"
    CONSENT = "consent"


class Type(StrEnum):
    """What the text of a cell is read as; a value of JSONL has its own type."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


_WRITTEN: Final = {Type.NUMBER: "a number, such as 5 or -1.5", Type.JSON: "JSON"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What one column becomes."""

    kind: Kind
    name: str = ""  # of the name's kind, the property or the channel; empty for all properties
    type: Type = Type.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one record says of a person."""

    profile: Mapping[str, Any]  # the names, as an event's `profile` has them
    properties: Mapping[str, Any]
    consents: Mapping[str, bool]  # by channel, whether the person is subscribed


def parse(mapping: Mapping[str, str]) -> dict[str, Target]:
    """Read a mapping from columns to targets.

    Raises:
        BadInput: code `bad_mapping`: a target is none, two columns have the same one, or no column
            names the person.
    """
    if len(mapping) > MAX_COLUMNS:
        raise BadInput(f"has at most {MAX_COLUMNS} columns", field="mapping", code="bad_mapping")
    targets = {column: _target(column, text) for column, text in mapping.items()}
    places = [(each.kind, each.name) for each in targets.values()]
    for column, target in targets.items():
        if places.count((target.kind, target.name)) > 1:
            raise BadInput(
                "is the target of another column too",
                field=("mapping", column),
                code="bad_mapping",
            )
    if not {Kind.NAME, Kind.OWN_NAME} & {kind for kind, _ in places}:
        raise BadInput(
            f"maps no column to a name: {', '.join(IDENTIFIERS)} or names.<your own kind>",
            field="mapping",
            code="bad_mapping",
        )
    return targets


def read_cells(cells: Sequence[tuple[Target, str]]) -> Row:
    """What the cells of a CSV say. An empty cell says nothing.

    Raises:
        BadInput: code `bad_value`, `bad_consent` or `no_name`.
    """
    values = [
        (target, _read(target, formulas.unescaped(cell))) for target, cell in cells if cell.strip()
    ]
    return read_values(values)


def read_values(values: Sequence[tuple[Target, Any]]) -> Row:
    """What values say, each of the type that it is to have. None says nothing.

    Raises:
        BadInput: code `bad_value`, `bad_consent` or `no_name`.
    """
    by_kind: dict[Kind, dict[str, Any]] = {kind: {} for kind in Kind}
    for target, value in values:
        if value is not None:
            by_kind[target.kind][target.name] = value
    names, own_names = by_kind[Kind.NAME], by_kind[Kind.OWN_NAME]
    if not names and not own_names:
        raise BadInput("names nobody: every cell of a name is empty", code="no_name")
    objects = map(_object, by_kind[Kind.ALL_PROPERTIES].values())
    consents = by_kind[Kind.CONSENT].items()
    return Row(
        profile={**names, "names": own_names} if own_names else names,
        properties={**next(objects, {}), **by_kind[Kind.PROPERTY]},
        consents={channel: _consent(value, channel=channel) for channel, value in consents},
    )


def _target(column: str, text: str) -> Target:
    place, _, word = text.rpartition(":")
    if word in set(Type) and place:
        kind = Type(word)
    else:
        place, kind = text, Type.TEXT
    head, _, name = place.partition(".")
    if place in IDENTIFIERS and kind is Type.TEXT:
        return Target(kind=Kind.NAME, name=place)
    if place == "properties":
        return Target(kind=Kind.ALL_PROPERTIES, type=Type.JSON)
    if head == "properties" and name:
        return Target(kind=Kind.PROPERTY, name=name, type=kind)
    if head == "names" and name and kind is Type.TEXT:
        return Target(kind=Kind.OWN_NAME, name=name)
    if head == "consent" and name in CHANNELS and kind is Type.TEXT:
        return Target(kind=Kind.CONSENT, name=name)
    raise BadInput(
        f"must be one of {', '.join(IDENTIFIERS)}, names.<kind>, properties, properties.<name>"
        " (with :number, :boolean or :json for another type than text) or consent.<channel>, where"
        f" a channel is one of {', '.join(CHANNELS)}",
        field=("mapping", column),
        code="bad_mapping",
    )


def _read(target: Target, cell: str) -> Any:
    match target.type:
        case Type.TEXT:
            return cell
        case Type.BOOLEAN:
            return _boolean(target, cell.strip().lower())
        case Type.NUMBER:
            value = _json(target, cell)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _bad(target, f"must be {_WRITTEN[Type.NUMBER]}")
            return value
        case Type.JSON:
            return _json(target, cell)


def _boolean(target: Target, word: str) -> bool:
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise _bad(target, "must be true, false, yes, no, 1 or 0")


def _json(target: Target, cell: str) -> Any:
    try:
        return decode(cell)
    except BadInput as problem:
        # Without the reader's own sentence, which may show what the cell holds.
        raise _bad(target, f"must be {_WRITTEN[target.type]}") from problem


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput("must be an object", field="properties", code="bad_value")
    return value


def _consent(value: object, *, channel: str) -> bool:
    word = ("true" if value else "false") if isinstance(value, bool) else value
    if isinstance(word, str) and word.strip().lower() in _SUBSCRIBED | _UNSUBSCRIBED:
        return word.strip().lower() in _SUBSCRIBED
    raise BadInput(
        "must be subscribed or unsubscribed (or true, false, yes, no, 1, 0)",
        field=("consent", channel),
        code="bad_consent",
    )


def _bad(target: Target, message: str) -> BadInput:
    return BadInput(message, field=(target.kind.value, target.name), code="bad_value")
