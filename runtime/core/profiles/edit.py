"""What a caller asks to change about one person, and what that comes to for a profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.core.json_text import check_json, dump
from runtime.core.profiles import names
from runtime.core.profiles.attributes import Amendment
from runtime.core.profiles.consent import CHANNELS
from runtime.core.profiles.names import Name, NameRules, Unusable
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import moment, timestamp
from runtime.errors import BadInput, Place

STATUSES: Final = ("subscribed", "unsubscribed")
SOURCE: Final = "api"  # of a consent whose caller names none
MAX_SOURCE_CHARS: Final = 256
_OF_PROPERTIES: Final = ("set", "unset", "append", "remove", "increment")
FIELDS: Final = (*_OF_PROPERTIES, "consent", "add_names", "remove_names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change that a caller asks for. Each property stands in one of the first five at most."""

    set: Mapping[str, Any] = field(default_factory=dict)  # properties and their new values
    unset: tuple[str, ...] = ()  # properties to take away
    # Property -> values that its list gets, unless it has them.
    append: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    remove: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # values its list loses
    increment: Mapping[str, float] = field(default_factory=dict)  # property -> what is added
    # Channel -> `status`, `source` and `at` (ISO 8601).
    consent: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    add_names: Mapping[str, Sequence[str]] = field(default_factory=dict)  # kind -> texts
    remove_names: Mapping[str, Sequence[str]] = field(default_factory=dict)


def parse(raw: Mapping[str, Any], *, now: str) -> Edit:
    """Read what a caller asks for.

    Args:
        raw: the fields of an `Edit` that the caller gives.
        now: ISO 8601; stands in for the time of a consent that has none.

    Raises:
        BadInput: code `bad_change`, or what `check_json` raises; the error names the field.
    """
    check_json(raw)
    if unknown := sorted(set(raw) - set(FIELDS)):
        raise _bad(f"unknown; known are {', '.join(FIELDS)}", (unknown[0],))
    _check_once(raw)
    return Edit(
        set=_object(raw, "set"),
        unset=tuple(_list(raw.get("unset", []), ("unset",), of=str)),
        append={n: _list(v, ("append", n)) for n, v in _object(raw, "append").items()},
        remove={n: _list(v, ("remove", n)) for n, v in _object(raw, "remove").items()},
        increment={n: _number(v, ("increment", n)) for n, v in _object(raw, "increment").items()},
        consent={c: _consent(c, v, now=now) for c, v in _object(raw, "consent").items()},
        add_names=_names(raw, "add_names"),
        remove_names=_names(raw, "remove_names"),
    )


def amendment(edit: Edit, profile: Profile, rules: NameRules) -> Amendment:
    """What the edit comes to for a profile as it stands.

    Raises:
        BadInput: code `not_a_list`, `not_a_number`, `sum_too_large` or `unusable_name`.
    """
    put = dict(edit.set)
    for name, values in edit.append.items():
        old = _old_list(profile, ("append", name))
        known = {dump(value) for value in old}
        fresh = {dump(value): value for value in values if dump(value) not in known}
        if fresh or name not in profile.properties:
            put[name] = [*old, *fresh.values()]
    for name, values in edit.remove.items():
        old = _old_list(profile, ("remove", name))
        gone = {dump(value) for value in values}
        kept = [value for value in old if dump(value) not in gone]
        if len(kept) < len(old):
            put[name] = kept
    for name, number in edit.increment.items():
        put[name] = _sum(profile, name, number)
    return Amendment(
        put=put,
        unset=tuple(name for name in edit.unset if name in profile.properties),
        consent=edit.consent,
        add_names=tuple(
            name
            for name in names_of(edit.add_names, rules, at="add_names")
            if name not in profile.held_names
        ),
        remove_names=tuple(
            name
            for name in names_of(edit.remove_names, rules, at="remove_names")
            if name in profile.held_names
        ),
    )


def names_of(texts: Mapping[str, Sequence[str]], rules: NameRules, *, at: str) -> tuple[Name, ...]:
    """The names that these texts are, each once.

    Raises:
        BadInput: code `unusable_name`.
    """
    every: dict[Name, None] = {}
    for kind, values in texts.items():
        for position, text in enumerate(values):
            name = names.read(kind, text, rules)
            if isinstance(name, Unusable):
                raise BadInput(name.reason, field=(at, kind, position), code="unusable_name")
            every[name] = None
    return tuple(every)


def _old_list(profile: Profile, at: tuple[str, str]) -> Sequence[Any]:
    old = profile.properties.get(at[1], [])
    if not isinstance(old, list):
        raise BadInput("the property holds no list", field=at, code="not_a_list")
    return old


def _sum(profile: Profile, name: str, number: float) -> float:
    at = ("increment", name)
    old = profile.properties.get(name, 0)
    if type(old) not in (int, float):
        raise BadInput("the property holds no number", field=at, code="not_a_number")
    total: float = old + number
    try:
        check_json(total)
    except BadInput as problem:
        raise BadInput(
            "the sum is beyond what JSON and its readers hold", field=at, code="sum_too_large"
        ) from problem
    return total


def _check_once(raw: Mapping[str, Any]) -> None:
    seen: dict[str, str] = {}
    for group in _OF_PROPERTIES:
        given = raw.get(group)
        for name in given if isinstance(given, (Mapping, list)) else ():
            if not isinstance(name, str) or not name:
                raise _bad("a property has a name", (group,))
            if name in seen:
                raise _bad(f"the property stands in `{seen[name]}`, too", (group, name))
            seen[name] = group


def _object(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name, {})
    if not isinstance(value, Mapping):
        raise _bad("must be an object", (name,))
    return value


def _list(value: object, at: Place, *, of: type = object) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(each, of) for each in value):
        raise _bad("must be a list" if of is object else "must be a list of texts", at)
    return value


def _number(value: object, at: Place) -> float:
    if type(value) not in (int, float):
        raise _bad("must be a number", at)
    return value  # type: ignore[return-value] # just looked at


def _names(raw: Mapping[str, Any], name: str) -> Mapping[str, Sequence[str]]:
    return {kind: _list(v, (name, kind), of=str) for kind, v in _object(raw, name).items()}


def _consent(channel: str, raw: object, *, now: str) -> Mapping[str, Any]:
    at: Place = ("consent", channel)
    if channel not in CHANNELS:
        raise _bad(f"must be one of {', '.join(CHANNELS)}", at)
    if not isinstance(raw, Mapping) or set(raw) - {"status", "source", "at"}:
        raise _bad("must be an object with `status`, and perhaps `source` and `at`", at)
    if raw.get("status") not in STATUSES:
        raise _bad(f"must be one of {', '.join(STATUSES)}", (*at, "status"))
    source = raw.get("source") or SOURCE
    if not isinstance(source, str) or len(source) > MAX_SOURCE_CHARS:
        raise _bad(f"must be a text of at most {MAX_SOURCE_CHARS} characters", (*at, "source"))
    try:
        given_at = timestamp(moment(raw.get("at") or now))
    except (TypeError, ValueError) as problem:
        raise _bad("must be RFC 3339 with an offset", (*at, "at")) from problem
    return {"status": raw["status"], "source": source, "at": given_at}


def _bad(message: str, at: Place) -> BadInput:
    return BadInput(message, field=at, code="bad_change")
