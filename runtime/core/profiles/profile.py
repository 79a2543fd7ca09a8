"""A profile: what is known of one person of a tenant."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from runtime.core import ids
from runtime.core.events.envelope import NAME_KINDS, Event
from runtime.core.json_text import dump
from runtime.core.profiles.names import Name
from runtime.core.profiles.stamps import rank

IDENTIFIERS: Final = NAME_KINDS
MAX_PROFILE_BYTES: Final = 256 * 1024  # as an event; with its stamps it must fit a 400 KB item
DELETED: Final = "deleted"  # the attribute whose stamp says when a deletion was


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
        latest_first = sorted(self.names, key=lambda claim: rank(claim.stamp), reverse=True)
        return tuple(
            claim.name
            for claim in sorted(latest_first, key=lambda claim: _strength(claim.kind))
            if claim.present and claim.stamp > self.stamps.get(DELETED, "")
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


def _strength(kind: str) -> tuple[int, str]:
    """The order of kinds, the strongest first."""
    return (IDENTIFIERS.index(kind) if kind in IDENTIFIERS else len(IDENTIFIERS)), kind
