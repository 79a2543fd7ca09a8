"""Profiles: what is known of a person, merged attribute by attribute, so that order never matters.

Each attribute has a stamp: when, and by which event or run, its value was set. The later stamp
wins. So a merge commutes, associates and may be repeated: events may come late, twice and in any
order.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.json_text import dump
from runtime.errors import BadInput

IDENTIFIERS: Final = ("external_id", "email", "phone")  # in the order in which they name a profile
MAX_PROFILE_BYTES: Final = 256 * 1024  # as an event; with its stamps it must fit a 400 KB item
_DELETED: Final = "deleted"
_ALIVE: Final = "alive"
_PROPERTY: Final = "properties."
_ABSENT: Final = object()


class _Claim(NamedTuple):
    """What is said of one attribute."""

    # `<ISO 8601>|<what set it>`; the later one wins.
    stamp: str
    # _ABSENT when the attribute was taken away, or has no value of its own.
    value: Any


_NO_CLAIM: Final = _Claim("", _ABSENT)
_SETS_PROPERTIES: Final = frozenset({"profile.created", "profile.updated", "profile.merged"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One person of one tenant."""

    id: str
    tenant: str
    revision: int  # grows by one with each write; a writer names the revision that it has read
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    # The stamp of each property and identifier: `<ISO 8601>|<what set it>`.
    stamps: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False  # a deleted profile keeps stamps, so that no late event revives it
    updated_at: str = ""  # the time of the latest stamp, ISO 8601; empty without stamps

    def to_user(self) -> dict[str, Any]:
        """What a handler sees as `profile`."""
        return {
            "id": self.id,
            "external_id": self.external_id,
            "email": self.email,
            "phone": self.phone,
            "properties": dict(self.properties),
        }


def id_of(event: Event) -> str | None:
    """The profile that an event is about: by its id, else by its strongest identifier."""
    return id_by(event.tenant, event.profile.to_json())


def id_by(tenant: str, identifiers: Mapping[str, str]) -> str | None:
    """The profile with these identifiers, by the strongest of them; None when there are none."""
    if "id" in identifiers:
        return identifiers["id"]
    return next(
        (
            ids.derive("prf", tenant, kind, identifiers[kind])
            for kind in IDENTIFIERS
            if kind in identifiers
        ),
        None,
    )


def unknown(tenant: str, profile_id: str) -> Profile:
    """A profile before anything is known of it; never stored."""
    return Profile(id=profile_id, tenant=tenant, revision=0)


def project(profile: Profile, event: Event) -> Profile:
    """The profile with what the event says of it; the same object when that is nothing new.

    Raises:
        BadInput: code `profile_too_large`.
    """
    return _changed(profile, merge(profile, claims_of(event, profile.id)))


def claims_of(event: Event, profile_id: str) -> Profile:
    """What one event says of a profile, as a profile of its own to be merged.

    A `profile.*` event sets what it says. Any other event only mentions identifiers: its stamp
    sorts below all others, so it can fill in what is missing, and never correct or revive anything.
    """
    stamp = f"{event.occurred_at}|{event.id}"
    empty = unknown(event.tenant, profile_id)
    identifiers = {name: getattr(event.profile, name) for name in IDENTIFIERS}
    claims = {name: value for name, value in identifiers.items() if value is not None}
    if event.topic == "profile.deleted":
        return _assemble(empty, {_DELETED: _Claim(stamp, _ABSENT)})
    if not event.topic.startswith("profile."):
        mentioned = {name: _Claim(f"-{stamp}", value) for name, value in claims.items()}
        return _assemble(empty, mentioned)
    if event.topic in _SETS_PROPERTIES:
        claims |= {_PROPERTY + name: value for name, value in event.properties.items()}
    stamped = {name: _Claim(stamp, value) for name, value in claims.items()}
    return _assemble(empty, {**stamped, _ALIVE: _Claim(stamp, _ABSENT)})


def merge(left: Profile, right: Profile) -> Profile:
    """Both profiles in one; where both have a value for an attribute, the later stamp wins."""
    claims = dict(_claims(left))
    for name, claim in _claims(right):
        claims[name] = max(claims.get(name, claim), claim, key=_rank)
    return _assemble(replace(left, revision=max(left.revision, right.revision)), claims)


def amend(profile: Profile, *, put: Mapping[str, Any], unset: Iterable[str], now: str) -> Profile:
    """The profile after a function's change, which outranks every value that the function has read.

    A deleted profile stays as it is: code cannot bring back a person whom a deletion removed.

    Raises:
        BadInput: code `profile_too_large`.
    """
    if profile.deleted:
        return profile
    claims = dict(_claims(profile))
    changes = {**put, **dict.fromkeys(unset, _ABSENT)}
    for name, value in changes.items():
        key = _PROPERTY + name
        stamp = claims.get(key, _NO_CLAIM).stamp
        moment = max(now, _moment(stamp))
        # The revision, not the run, breaks ties: it grows with each change to this profile.
        claims[key] = _Claim(f"{moment}|~{profile.revision + 1:012d}", value)
    return _changed(profile, _assemble(profile, claims))


def stored(profile: Profile) -> Profile:
    """A changed profile as it is to be written."""
    return replace(profile, revision=profile.revision + 1)


def _changed(before: Profile, after: Profile) -> Profile:
    if (before.stamps, before.properties) == (after.stamps, after.properties) and all(
        getattr(before, name) == getattr(after, name) for name in IDENTIFIERS
    ):
        return before
    size = len(dump({"properties": dict(after.properties), "stamps": dict(after.stamps)}).encode())
    if size > MAX_PROFILE_BYTES:
        raise BadInput(
            f"the profile would have {size} bytes; it has at most {MAX_PROFILE_BYTES}",
            field="properties",
            code="profile_too_large",
        )
    return after


def _claims(profile: Profile) -> Iterator[tuple[str, _Claim]]:
    for name, stamp in profile.stamps.items():
        if name.startswith(_PROPERTY):
            value = profile.properties.get(name.removeprefix(_PROPERTY), _ABSENT)
        else:
            value = getattr(profile, name) if name in IDENTIFIERS else _ABSENT
        yield name, _Claim(stamp, value)


def _rank(claim: _Claim) -> tuple[str, str]:
    # Equal stamps come of the same event. If two copies of it differ, any fixed order will do.
    return claim.stamp, "" if claim.value is _ABSENT else dump(claim.value)


def _assemble(base: Profile, claims: Mapping[str, _Claim]) -> Profile:
    deleted_at = claims.get(_DELETED, _NO_CLAIM).stamp
    valid = {
        name: claim
        for name, claim in claims.items()
        if claim.stamp > deleted_at or name == _DELETED
    }
    deleted = _DELETED in valid and _ALIVE not in valid
    if deleted:  # nor does a value survive that code has set since
        valid = {_DELETED: valid[_DELETED]}
    valid = {name: valid[name] for name in sorted(valid)}
    identifiers: dict[str, Any] = {
        name: valid[name].value if name in valid else None for name in IDENTIFIERS
    }
    return replace(
        base,
        **identifiers,
        properties={
            name.removeprefix(_PROPERTY): claim.value
            for name, claim in valid.items()
            if name.startswith(_PROPERTY) and claim.value is not _ABSENT
        },
        stamps={name: claim.stamp for name, claim in valid.items()},
        deleted=deleted,
        updated_at=max((_moment(claim.stamp) for claim in valid.values()), default=""),
    )


def _moment(stamp: str) -> str:
    return stamp.removeprefix("-").partition("|")[0]
