"""The event envelope: its shape, its limits, and the one function that reads it.

On the bus, an envelope is the `detail` of an EventBridge event whose `Source` is `penstock.events`
and whose `DetailType` is the topic.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.core import ids
from runtime.core.json_text import check_json, dump
from runtime.core.timestamps import moment, timestamp
from runtime.errors import BadInput, Place

SOURCE: Final = "penstock.events"
MAX_EVENT_BYTES: Final = 256 * 1024  # as compact UTF-8 JSON; SQS and EventBridge bill by 64 KB
# How many functions an event may come through: a function emits an event, which starts a function,
# which emits an event, and so on.
MAX_HOPS: Final = 8
MAX_IDENTIFIER_CHARS: Final = 256  # each at most four bytes: a DynamoDB sort key has 1,024
MAX_TOPIC_CHARS: Final = 128  # EventBridge's limit on DetailType
ORIGINS: Final = ("api", "bus", "function", "import", "system")
TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TENANT_RULE: Final = "lower-case letters, digits, - and _, at most 63"
TOPIC: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+")
# Identifiers become keys and columns. DynamoDB keeps a NUL in a key while Redshift refuses one in a
# VARCHAR, so the stores would differ on who a person is. Other control characters are part of no
# identifier either.
IDENTIFIER: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
# What every tenant's people are named by, the strongest first: a name of a stronger kind is less
# likely to be shared by two people.
NAME_KINDS: Final = ("external_id", "email", "phone", "anonymous_id")
PROFILE_FIELDS: Final = ("id", *NAME_KINDS, "names")
MAX_OWN_KINDS: Final = (
    5  # beside NAME_KINDS; a merge moves all names in one transaction of 100 items
)
OWN_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
# A kind of name is also a parameter of a listing of profiles, beside these.
NO_OWN_KIND: Final = frozenset({*PROFILE_FIELDS, "cursor", "limit", "properties", "tenant"})
OWN_KIND_RULE: Final = (
    "lower-case letters, digits and _, starting with a letter, at most 32, and none of "
    + ", ".join(sorted(NO_OWN_KIND))
)
_FIELDS: Final = frozenset(
    {
        "id",
        "tenant",
        "topic",
        "occurred_at",
        "received_at",
        "origin",
        "hops",
        "profile",
        "properties",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRef:
    """The person that the event is about: a profile's id, any names, or none for a system event."""

    # None of any of them means that the event does not name it.
    id: str | None = None  # the profile's
    external_id: str | None = None  # the customer's own
    email: str | None = None
    phone: str | None = None
    anonymous_id: str | None = None  # a device's or a browser's, of before somebody logged in
    names: Mapping[str, str] = field(default_factory=dict)  # the tenant's own kind -> the name

    def names_by_kind(self) -> dict[str, str]:
        """Every name that the event gives the person, as it came, by its kind."""
        standard = {kind: getattr(self, kind) for kind in NAME_KINDS}
        return {
            **{kind: value for kind, value in standard.items() if value is not None},
            **self.names,
        }

    def identifiers(self) -> frozenset[tuple[str, str]]:
        """The kind and the value of the id, and of each name that the event gives."""
        own_id = frozenset() if self.id is None else frozenset({("id", self.id)})
        return own_id | frozenset(self.names_by_kind().items())

    def to_json(self) -> dict[str, Any]:
        """The id and the names that the event gives the person; what it does not give is absent."""
        standard = {name: getattr(self, name) for name in ("id", *NAME_KINDS)}
        given: dict[str, Any] = {name: text for name, text in standard.items() if text is not None}
        return {**given, "names": dict(self.names)} if self.names else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to one profile of one tenant."""

    id: str  # two events of one tenant with the same id are the same event
    tenant: str
    topic: str
    occurred_at: str  # when it happened; ISO 8601, UTC
    received_at: str  # when it reached us; ISO 8601, UTC
    origin: str = "api"  # one of ORIGINS: the way by which it came
    hops: int = 0  # how many functions it came through
    profile: ProfileRef = field(default_factory=ProfileRef)
    properties: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The envelope as it stands on the bus."""
        return {
            "id": self.id,
            "tenant": self.tenant,
            "topic": self.topic,
            "occurred_at": self.occurred_at,
            "received_at": self.received_at,
            "origin": self.origin,
            "hops": self.hops,
            "profile": self.profile.to_json(),
            "properties": dict(self.properties),
        }


def parse(raw: object, *, now: str, origin: str = "bus") -> Event:
    """Read an envelope from outside.

    Args:
        raw: the decoded `detail`.
        now: ISO 8601 UTC; stands in for a missing `received_at` and `occurred_at`.
        origin: stands in for a missing `origin`.

    Raises:
        BadInput: the envelope is malformed or too large, or has too many hops (code `loop`); the
            error names the field and the fix.
    """
    if not isinstance(raw, Mapping):
        raise BadInput("an event is a JSON object", code="not_an_object")
    check_json(raw)
    unknown = sorted(set(raw) - _FIELDS)
    if unknown:
        raise BadInput(
            f"unknown field; the known ones are {', '.join(sorted(_FIELDS))}",
            field=(unknown[0],),
            code="unknown_field",
        )
    event = Event(
        id=_id(raw),
        tenant=check_tenant(raw.get("tenant")),
        topic=topic(raw.get("topic")),
        occurred_at=_time(raw, "occurred_at", now),
        received_at=_time(raw, "received_at", now),
        origin=_origin(raw, origin),
        hops=_hops(raw),
        profile=_profile(raw.get("profile")),
        properties=_properties(raw.get("properties")),
    )
    size = len(dump(event.to_json()).encode())
    if size > MAX_EVENT_BYTES:
        raise BadInput(
            f"an event has at most {MAX_EVENT_BYTES} bytes, this one has {size}", code="too_large"
        )
    return event


def topic(value: object, *, at: str = "topic") -> str:
    """Check a topic, such as `message.email.clicked`, and return it.

    Raises:
        BadInput: code `bad_topic`: the topic is missing or malformed.
    """
    if not isinstance(value, str) or len(value) > MAX_TOPIC_CHARS or not TOPIC.fullmatch(value):
        raise BadInput(
            "must be dotted lower-case words such as metric.placed_order",
            field=at,
            code="bad_topic",
        )
    return value


def check_tenant(value: object) -> str:
    """Check a tenant's name, and return it.

    Raises:
        BadInput: code `missing_tenant` or `bad_tenant`.
    """
    return _matching({"tenant": value}, "tenant", TENANT, _TENANT_RULE)


def _matching(raw: Mapping[str, Any], name: str, pattern: re.Pattern[str], rule: str) -> str:
    value = raw.get(name)
    if value is None:
        raise BadInput(f"is missing; {rule}", field=name, code=f"missing_{name}")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadInput(f"must be {rule}", field=name, code=f"bad_{name}")
    return value


def _id(raw: Mapping[str, Any]) -> str:
    value = raw.get("id")
    if value is None:
        raise BadInput(
            "is missing; give each event an id of its own", field="id", code="missing_id"
        )
    if not isinstance(value, str) or not ids.is_id(value):
        raise BadInput(
            f"must be 1 to {ids.MAX_ID_CHARS} printable ASCII characters, no blanks",
            field="id",
            code="bad_id",
        )
    return value


def _time(raw: Mapping[str, Any], name: str, now: str) -> str:
    value = raw.get(name)
    if value is None:
        return now
    try:
        return timestamp(moment(value))
    except (TypeError, ValueError) as problem:
        raise BadInput(
            "must be RFC 3339 with an offset, e.g. 2026-11-20T13:04:05Z",
            field=name,
            code="bad_time",
        ) from problem


def _origin(raw: Mapping[str, Any], default: str) -> str:
    value = raw.get("origin", default)
    if value not in ORIGINS:
        raise BadInput(f"must be one of {', '.join(ORIGINS)}", field="origin", code="bad_origin")
    return str(value)


def _hops(raw: Mapping[str, Any]) -> int:
    value = raw.get("hops", 0)
    if type(value) is not int or value < 0:
        raise BadInput("must be a whole number, 0 or more", field="hops", code="bad_hops")
    if value > MAX_HOPS:
        raise BadInput(
            f"passed through more than {MAX_HOPS} functions: a loop", field="hops", code="loop"
        )
    return value


def _profile(value: object) -> ProfileRef:
    if value is None:
        return ProfileRef()
    if not isinstance(value, Mapping):
        raise BadInput("must be an object", field="profile", code="bad_profile")
    for name, text in value.items():
        if name not in PROFILE_FIELDS:
            raise BadInput(
                f"unknown; known are {', '.join(PROFILE_FIELDS)}",
                field=("profile", name),
                code="unknown_field",
            )
        if name != "names" and text is not None:
            _check_identifier(text, at=("profile", name))
    return ProfileRef(**{**value, "names": _names(value.get("names"))})


def _names(value: object) -> Mapping[str, str]:
    if value is None:
        return {}
    at: Place = ("profile", "names")
    if not isinstance(value, Mapping):
        raise BadInput("must be an object", field=at, code="bad_profile")
    for kind in value:
        if not is_own_kind(kind):
            raise BadInput(
                f"a kind of names is {OWN_KIND_RULE}", field=(*at, kind), code="bad_profile"
            )
    given = {kind: text for kind, text in value.items() if text is not None}
    if len(given) > MAX_OWN_KINDS:
        raise BadInput(
            f"has at most {MAX_OWN_KINDS} names, this one has {len(given)}",
            field=at,
            code="bad_profile",
        )
    for kind, text in given.items():
        _check_identifier(text, at=(*at, kind))
    return given


def is_own_kind(text: str) -> bool:
    """Whether a tenant may call a kind of names of its own so."""
    return bool(OWN_KIND.fullmatch(text)) and text not in NO_OWN_KIND


def _check_identifier(text: object, *, at: Place) -> None:
    if (
        not isinstance(text, str)
        or len(text) > MAX_IDENTIFIER_CHARS
        or not IDENTIFIER.fullmatch(text)
    ):
        raise BadInput(
            f"must be a string of 1 to {MAX_IDENTIFIER_CHARS} characters, none of them a"
            " control character such as NUL or a newline",
            field=at,
            code="bad_profile",
        )


def _properties(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput("must be an object", field="properties", code="bad_properties")
    return value
