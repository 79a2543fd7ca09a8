"""What is said of a profile, attribute by attribute, and how that is merged in any order.

Each attribute has a stamp: when, and by which event or change, its value was set. The later stamp
wins. So a merge commutes, associates and may be repeated: events may come late, twice and in any
order, and two profiles that turn out to be one person's merge as two events do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeVar

from runtime.core.events.envelope import Event
from runtime.core.json_text import dump
from runtime.core.profiles import consent
from runtime.core.profiles.names import Name, Named
from runtime.core.profiles.profile import (
    DELETED,
    MAX_PROFILE_BYTES,
    NameClaim,
    Profile,
    size_bytes,
    unknown,
)
from runtime.core.profiles.stamps import moment_of, rank
from runtime.errors import BadInput

T = TypeVar("T")
_ALIVE: Final = "alive"
_PROPERTY: Final = "properties."
_CONSENT: Final = "consent."
_UNUSABLE: Final = "unusable."
_NAME: Final = "name."
_ABSENT: Final = object()
_GIVEN, _TAKEN = True, False  # what is said of a name
_SETS_PROPERTIES: Final = frozenset({"profile.created", "profile.updated", "profile.merged"})


class _Claim(NamedTuple):
    """What is said of one attribute."""

    # `<ISO 8601>|<what set it>`; the later one wins. A leading `-` marks what was only mentioned:
    # it loses against everything that was set, and of two the earlier wins, so that another
    # message to a known address is no news.
    stamp: str
    # _ABSENT when the attribute was taken away, or has no value of its own.
    value: Any


_NO_CLAIM: Final = _Claim("", _ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a run or a caller changes about a profile."""

    put: Mapping[str, Any] = field(default_factory=dict)  # properties and their new values
    unset: tuple[str, ...] = ()  # properties to take away
    consent: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # as in `Profile`
    add_names: tuple[Name, ...] = ()
    remove_names: tuple[Name, ...] = ()


def project(profile: Profile, event: Event, named: Named) -> Profile:
    """The profile with what the event says of it; the same object when that is nothing new.

    Args:
        profile: the one that the event is about.
        event: what happened.
        named: the names of the event that lead to this profile, or will.

    Raises:
        BadInput: code `profile_too_large`.
    """
    said = claims_of(event, profile.id, named)
    if DELETED in profile.stamps or DELETED in said.stamps:
        return _changed(profile, merge(profile, said))
    return _changed(profile, _with_news(profile, said))


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
    claims |= {_CONSENT + channel: _Claim(stamp, value) for channel, value in consent.said(event)}
    if event.topic == "profile.deleted":
        claims[DELETED] = _Claim(stamp, _ABSENT)
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
        moment = max(now, moment_of(claims.get(key, _NO_CLAIM).stamp))
        # The revision, not the cause, breaks ties: it grows with each change to this profile.
        claims[key] = _Claim(f"{moment}|~{profile.revision + 1:012d}|{cause}", value)
    created = replace(profile, created_at=profile.created_at or now)
    return _changed(profile, _assemble(created, claims))


def _with_news(profile: Profile, said: Profile) -> Profile:
    """What `merge` makes of two profiles that nobody has deleted, by looking only at the news.

    A profile may have thousands of attributes, and most events speak of a few.
    """
    news = {}
    for key, claim in _claims(said):
        known = _claim(profile, key)
        if known is None or _rank(claim) > _rank(known):
            news[key] = claim
        mentioned = known is not None and known.stamp.startswith("-")
        if key in news and (mentioned or key.startswith(_NAME)):
            return merge(profile, said)  # it may change what is derived of all stamps
    if not news and profile.created_at and profile.created_at <= said.created_at:
        return profile
    stamps = {key: claim.stamp for key, claim in news.items()}
    return replace(
        profile,
        properties=_with_values(profile.properties, news, _PROPERTY),
        consent=_with_values(profile.consent, news, _CONSENT),
        unusable_names=_with_values(profile.unusable_names, news, _UNUSABLE),
        stamps=_in_order(profile.stamps, stamps),
        created_at=min(filter(None, (profile.created_at, said.created_at)), default=""),
        updated_at=max((profile.updated_at, *map(moment_of, stamps.values()))),
    )


def _with_values(
    before: Mapping[str, Any], news: Mapping[str, _Claim], prefix: str
) -> Mapping[str, Any]:
    values = _values(news, prefix)
    return _in_order(before, values) if values else before


def _in_order(before: Mapping[str, T], more: Mapping[str, T]) -> Mapping[str, T]:
    both = {**before, **more}
    return both if len(both) == len(before) else dict(sorted(both.items()))


def _claim(profile: Profile, key: str) -> _Claim | None:
    """What a profile says of one attribute; None if nothing."""
    if key.startswith(_NAME):
        name = _name_of(key)
        return next(
            (_Claim(each.stamp, each.present) for each in profile.names if each.name == name), None
        )
    stamp = profile.stamps.get(key)
    return None if stamp is None else _Claim(stamp, _value(profile, key))


def _changed(before: Profile, after: Profile) -> Profile:
    if after is before or after == before:
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
        yield key, _Claim(stamp, _value(profile, key))
    for claim in profile.names:
        yield _name_key(claim.name), _Claim(claim.stamp, claim.present)


def _value(profile: Profile, key: str) -> Any:
    kind, _, name = key.partition(".")
    match f"{kind}.":
        case "properties.":
            return profile.properties.get(name, _ABSENT)
        case "consent.":
            return profile.consent.get(name, _ABSENT)
        case "unusable.":
            return profile.unusable_names.get(name, _ABSENT)
        case _:
            return _ABSENT


def _rank(claim: _Claim) -> tuple[bool, str, str]:
    # Equal stamps come of the same event. If two copies of it differ, any fixed order will do.
    return *rank(claim.stamp), "" if claim.value is _ABSENT else dump(claim.value)


def _assemble(base: Profile, claims: Mapping[str, _Claim]) -> Profile:
    deleted_at = claims.get(DELETED, _NO_CLAIM).stamp
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
        if not key.startswith(_NAME) and (claim.stamp > deleted_at or key == DELETED)
    }
    deleted = DELETED in valid and _ALIVE not in valid
    if deleted:  # nor does a property survive that code has set since
        valid = {key: valid[key] for key in valid if key == DELETED or key.startswith(_CONSENT)}
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
        updated_at=max(map(moment_of, stamps), default=""),
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
