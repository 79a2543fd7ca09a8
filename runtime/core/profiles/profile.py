"""Profiles: what is known of a person, merged attribute by attribute, so that order never matters.

Each attribute has a stamp: when, and by which event or change, its value was set. The later stamp
wins. So a merge commutes, associates and may be repeated: events may come late, twice and in any
order, and two profiles that turn out to be one person's merge as two events do.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from runtime.core import ids
from runtime.core.events.envelope import NAME_KINDS, Event
from runtime.core.json_text import dump
from runtime.core.profiles.names import Name, Named
from runtime.errors import BadInput

IDENTIFIERS: Final = NAME_KINDS
MAX_PROFILE_BYTES: Final = 256 * 1024  # as an event; with its stamps it must fit a 400 KB item
_DELETED: Final = "deleted"
_ALIVE: Final = "alive"
_PROPERTY: Final = "properties."
_CONSENT: Final = "consent."
_UNUSABLE: Final = "unusable."
_NAME: Final = "name."
_ABSENT: Final = object()
_GIVEN, _TAKEN = True, False  # what is said of a name
_SETS_PROPERTIES: Final = frozenset({"profile.created", "profile.updated", "profile.merged"})
# What events say of consent: topic, status, and the channel if the topic says it.
_CONSENTS: Final[Mapping[str, tuple[str, str | None]]] = {
    "profile.subscribed": ("subscribed", None),
    "profile.unsubscribed": ("unsubscribed", None),
    "message.email.unsubscribed": ("unsubscribed", "email"),
    "message.sms.unsubscribed": ("unsubscribed", "sms"),
}
CHANNELS: Final = ("email", "sms", "push")
_LATER_FIRST: Final = {code: 127 - code for code in range(128)}


class _Claim(NamedTuple):
    """What is said of one attribute."""

    # `<ISO 8601>|<what set it>`; the later one wins. A leading `-` marks what was only mentioned:
    # it loses against everything that was set, and of two the earlier wins, so that another
    # message to a known address is no news.
    stamp: str
    # _ABSENT when the attribute was taken away, or has no value of its own.
    value: Any


_NO_CLAIM: Final = _Claim("", _ABSENT)


class NameClaim(NamedTuple):
    """One name that a profile has or had."""

    kind: str
    value: str
    stamp: str  # when it was given or taken away, and by what
    present: bool  # False once it was taken away by hand

    @property
    def name(self) -> Name:
        """The name itself."""
        return Name(self.kind, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One person of one tenant."""

    id: str
    tenant: str
    revision: int  # grows by one with each write; a writer names the revision that it has read
    # The latest name of each kind; None without one.
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    anonymous_id: str | None = None
    # Every name that leads to this profile, and those that were taken away; sorted. A deleted
    # profile keeps them: a late event must find it, not make the person anew.
    names: tuple[NameClaim, ...] = ()
    # As events and callers set them; `shown_properties` is what others see.
    properties: Mapping[str, Any] = field(default_factory=dict)
    # What data transforms make of the properties, by target; it covers them and replaces none.
    derived: Mapping[str, Any] = field(default_factory=dict)
    # By channel (CHANNELS): `status` (subscribed or unsubscribed), `source` and `at` (ISO 8601).
    consent: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # What events gave as a name and no name can be, by kind: `value` and `reason`.
    unusable_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # The stamp of each attribute but names: `<ISO 8601>|<what set it>`.
    stamps: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False  # a deleted profile keeps stamps, so that no late event revives it
    created_at: str = ""  # the earliest time of all that was said of it, ISO 8601; empty if nothing
    updated_at: str = ""  # the time of the latest stamp, ISO 8601; empty without stamps
    # The ids of all profiles that were merged into this one, and into those before; sorted.
    merged_ids: tuple[str, ...] = ()
    # The profile that this one was merged into; it has nothing else then. None for a live one.
    merged_into: str | None = None
    # The ids of profiles that no event may merge with this one, since somebody un-merged them.
    kept_apart: tuple[str, ...] = ()
    erased_at: str | None = None  # when its person was erased, ISO 8601; None if never

    @property
    def is_gone(self) -> bool:
        """Whether callers are told that there is no such profile."""
        return self.revision == 0 or self.deleted or self.erased_at is not None

    @property
    def etag(self) -> str:
        """What tells one state of the profile from all others: each write raises its revision."""
        return hashlib.sha256(f"{self.id}|{self.revision}".encode()).hexdigest()[:32]

    @property
    def held_names(self) -> tuple[Name, ...]:
        """The names that lead to this profile."""
        return tuple(claim.name for claim in self.names if claim.present)

    @property
    def shown_names(self) -> tuple[Name, ...]:
        """The names that the person goes by now, the strongest kind and the latest first."""
        return tuple(
            claim.name
            for claim in sorted(self.names, key=_latest_first)
            if claim.present and claim.stamp > self.stamps.get(_DELETED, "")
        )

    @property
    def shown_properties(self) -> dict[str, Any]:
        """The properties as functions, callers and the warehouse see them."""
        return {**self.properties, **self.derived}

    def to_user(self) -> dict[str, Any]:
        """What a handler sees as `profile`."""
        return {
            "id": self.id,
            "external_id": self.external_id,
            "email": self.email,
            "phone": self.phone,
            "anonymous_id": self.anonymous_id,
            "properties": self.shown_properties,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a run or a caller changes about a profile."""

    put: Mapping[str, Any] = field(default_factory=dict)  # properties and their new values
    unset: tuple[str, ...] = ()  # properties to take away
    consent: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # as in `Profile`
    add_names: tuple[Name, ...] = ()
    remove_names: tuple[Name, ...] = ()


def id_of(event: Event) -> str | None:
    """The id of a profile that an event begins: its own, else a hash of its strongest name."""
    return id_by(event.tenant, event.profile.to_json())


def begun_ids(profile: Profile) -> frozenset[str]:
    """The ids that an event which gives one of the profile's names alone would begin a profile by.

    The raw log and the warehouse know events by such an id, whichever profile the name leads to.
    """
    names = [claim.name for claim in profile.names]
    texts = [(kind, unusable["value"]) for kind, unusable in profile.unusable_names.items()]
    begun = (id_by(profile.tenant, {kind: value}) for kind, value in (*names, *texts))
    return frozenset(each for each in begun if each is not None)


def id_by(tenant: str, identifiers: Mapping[str, Any]) -> str | None:
    """The id of a profile that these identifiers begin; None when there are none.

    The profile that they lead to may have another: a name belongs to whoever had it first.
    """
    if "id" in identifiers:
        return str(identifiers["id"])
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


def project(profile: Profile, event: Event, named: Named) -> Profile:
    """The profile with what the event says of it; the same object when that is nothing new.

    Args:
        profile: the one that the event is about.
        event: what happened.
        named: the names of the event that lead to this profile, or will.

    Raises:
        BadInput: code `profile_too_large`.
    """
    return _changed(profile, merge(profile, claims_of(event, profile.id, named)))


def claims_of(event: Event, profile_id: str, named: Named) -> Profile:
    """What one event says of a profile, as a profile of its own to be merged.

    A `profile.*` event sets what it says. Any other event only mentions names: its stamp sorts
    below all others, so it can fill in what is missing, and never correct or revive anything. A
    notice of ours says nothing: it tells of what the profile has already.
    """
    empty = replace(unknown(event.tenant, profile_id), created_at=event.occurred_at)
    if event.origin == "system":
        return empty
    stamp = f"{event.occurred_at}|{event.id}"
    sets = event.topic.startswith("profile.") and event.topic != "profile.deleted"
    said = stamp if sets else f"-{stamp}"
    claims = {_name_key(name): _Claim(said, _GIVEN) for name in named.names}
    for unusable in named.unusable:
        value = {"value": unusable.value, "reason": unusable.reason}
        claims[_UNUSABLE + unusable.kind] = _Claim(said, value)
    claims |= {_CONSENT + channel: _Claim(stamp, value) for channel, value in _consents(event)}
    if event.topic == "profile.deleted":
        claims[_DELETED] = _Claim(stamp, _ABSENT)
    if sets:
        claims[_ALIVE] = _Claim(stamp, _ABSENT)
    if event.topic in _SETS_PROPERTIES:
        properties = event.properties.items()
        claims |= {_PROPERTY + name: _Claim(stamp, value) for name, value in properties}
    return _assemble(empty, claims)


def merge(left: Profile, right: Profile) -> Profile:
    """Both profiles in one; where both have a value for an attribute, the later stamp wins."""
    claims = dict(_claims(left))
    for name, claim in _claims(right):
        claims[name] = max(claims.get(name, claim), claim, key=_rank)
    both = replace(
        left,
        revision=max(left.revision, right.revision),
        created_at=min(filter(None, (left.created_at, right.created_at)), default=""),
        merged_ids=_union(left.merged_ids, right.merged_ids),
        kept_apart=_union(left.kept_apart, right.kept_apart),
    )
    return _assemble(both, claims)


def amend(profile: Profile, amendment: Amendment, *, now: str, cause: str) -> Profile:
    """The profile after a change by a run or a caller, which outranks every value that it has read.

    A deleted profile stays as it is: code cannot bring back a person whom a deletion removed.

    Args:
        profile: as its author has read it.
        amendment: what changes.
        now: ISO 8601.
        cause: what changes it, such as `run:run_…`; it becomes part of the stamps.

    Raises:
        BadInput: code `profile_too_large`.
    """
    if profile.deleted:
        return profile
    claims = dict(_claims(profile))
    changes = {
        **{_PROPERTY + name: value for name, value in amendment.put.items()},
        **dict.fromkeys((_PROPERTY + name for name in amendment.unset), _ABSENT),
        **{_CONSENT + channel: value for channel, value in amendment.consent.items()},
        **dict.fromkeys(map(_name_key, amendment.add_names), _GIVEN),
        **dict.fromkeys(map(_name_key, amendment.remove_names), _TAKEN),
    }
    for key, value in changes.items():
        moment = max(now, _moment(claims.get(key, _NO_CLAIM).stamp))
        # The revision, not the cause, breaks ties: it grows with each change to this profile.
        claims[key] = _Claim(f"{moment}|~{profile.revision + 1:012d}|{cause}", value)
    created = replace(profile, created_at=profile.created_at or now)
    return _changed(profile, _assemble(created, claims))


def stored(profile: Profile, derived: Mapping[str, Any] | None = None) -> Profile:
    """A changed profile as it is to be written.

    Args:
        profile: the profile after its changes.
        derived: what data transforms make of its properties; None if the tenant has none.
    """
    return replace(profile, revision=profile.revision + 1, derived=dict(derived or {}))


def redirect(profile: Profile, *, into: str) -> Profile:
    """What is left of a profile that was merged into another."""
    return Profile(
        id=profile.id, tenant=profile.tenant, revision=profile.revision, merged_into=into
    )


def tombstone(profile: Profile, *, now: str) -> Profile:
    """What is left of a profile whose person is erased: its ids, and when that was.

    It has no name and no value, but passes for deleted everywhere, and no event can change it.
    """
    return Profile(
        id=profile.id,
        tenant=profile.tenant,
        revision=profile.revision + 1,
        deleted=True,
        updated_at=now,
        merged_ids=profile.merged_ids,
        erased_at=now,
    )


def size_bytes(profile: Profile) -> int:
    """How large a profile is, as JSON, without what data transforms make of it."""
    kept = {
        "properties": dict(profile.properties),
        "stamps": dict(profile.stamps),
        "names": [list(claim) for claim in profile.names],
        "consent": dict(profile.consent),
    }
    return len(dump(kept).encode())


def cause_of(stamp: str) -> str:
    """What set a value, by its stamp: an event's id, or `run:…`, `key:…`, `job:…`."""
    by = stamp.partition("|")[2]  # an event's id may have a `|` itself
    return by.partition("|")[2] or by if by.startswith("~") else by


def moment_of(stamp: str) -> str:
    """When a value was set, by its stamp: ISO 8601."""
    return _moment(stamp)


def _consents(event: Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
    status, channel = _CONSENTS.get(event.topic, (None, None))
    channel = channel or event.properties.get("channel", CHANNELS[0])
    if status is None or channel not in CHANNELS:
        return
    source = event.properties.get("source")
    yield (
        channel,
        {
            "status": status,
            "source": source if isinstance(source, str) else event.topic,
            "at": event.occurred_at,
        },
    )


def _changed(before: Profile, after: Profile) -> Profile:
    if before == after:
        return before
    size = size_bytes(after)
    if size > MAX_PROFILE_BYTES:
        raise BadInput(
            f"the profile would have {size} bytes; it has at most {MAX_PROFILE_BYTES}",
            field="properties",
            code="profile_too_large",
        )
    return after


def _claims(profile: Profile) -> Iterator[tuple[str, _Claim]]:
    for key, stamp in profile.stamps.items():
        kind, _, name = key.partition(".")
        match f"{kind}.":
            case "properties.":
                value = profile.properties.get(name, _ABSENT)
            case "consent.":
                value = profile.consent.get(name, _ABSENT)
            case "unusable.":
                value = profile.unusable_names.get(name, _ABSENT)
            case _:
                value = _ABSENT
        yield key, _Claim(stamp, value)
    for claim in profile.names:
        yield _name_key(claim.name), _Claim(claim.stamp, claim.present)


def _rank(claim: _Claim) -> tuple[bool, str, str]:
    stamp = claim.stamp
    was_set = not stamp.startswith("-")
    # Equal stamps come of the same event. If two copies of it differ, any fixed order will do.
    value = "" if claim.value is _ABSENT else dump(claim.value)
    return was_set, stamp if was_set else stamp.translate(_LATER_FIRST), value


def _latest_first(claim: NameClaim) -> tuple[int, str, tuple[int, str], str]:
    order = IDENTIFIERS.index(claim.kind) if claim.kind in IDENTIFIERS else len(IDENTIFIERS)
    stamp = claim.stamp
    was_set = not stamp.startswith("-")
    return (
        order,
        claim.kind,
        (not was_set, stamp.translate(_LATER_FIRST) if was_set else stamp),
        claim.value,
    )


def _assemble(base: Profile, claims: Mapping[str, _Claim]) -> Profile:
    deleted_at = claims.get(_DELETED, _NO_CLAIM).stamp
    names = tuple(
        sorted(
            NameClaim(*_name_of(key), claim.stamp, present=claim.value)
            for key, claim in claims.items()
            if key.startswith(_NAME)
        )
    )
    valid = {
        key: claim
        for key, claim in claims.items()
        if not key.startswith(_NAME) and (claim.stamp > deleted_at or key == _DELETED)
    }
    deleted = _DELETED in valid and _ALIVE not in valid
    if deleted:  # nor does a property survive that code has set since
        valid = {key: valid[key] for key in valid if key == _DELETED or key.startswith(_CONSENT)}
    valid = {key: valid[key] for key in sorted(valid)}
    stamps = [claim.stamp for claim in valid.values()] + [claim.stamp for claim in names]
    after = replace(
        base,
        names=names,
        properties=_values(valid, _PROPERTY),
        consent=_values(valid, _CONSENT),
        unusable_names=_values(valid, _UNUSABLE),
        stamps={key: claim.stamp for key, claim in valid.items()},
        deleted=deleted,
        updated_at=max(map(_moment, stamps), default=""),
    )
    shown = {} if deleted else {name.kind: name.value for name in reversed(after.shown_names)}
    return replace(
        after,
        external_id=shown.get("external_id"),
        email=shown.get("email"),
        phone=shown.get("phone"),
        anonymous_id=shown.get("anonymous_id"),
    )


def _values(claims: Mapping[str, _Claim], prefix: str) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): claim.value
        for key, claim in claims.items()
        if key.startswith(prefix) and claim.value is not _ABSENT
    }


def _name_key(name: Name) -> str:
    return f"{_NAME}{name.kind}.{name.value}"


def _name_of(key: str) -> Name:
    kind, _, value = key.removeprefix(_NAME).partition(".")
    return Name(kind, value)


def _union(left: Iterable[str], right: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*left, *right}))


def _moment(stamp: str) -> str:
    return stamp.removeprefix("-").partition("|")[0]
