"""What one write has changed about a profile, as entries of its timeline."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from runtime.core import ids
from runtime.core.json_text import dump
from runtime.core.profiles import profile as profiles
from runtime.core.profiles import stamps
from runtime.core.profiles.profile import Profile
from runtime.core.profiles.profile_change import ProfileChange
from runtime.core.timeline.entry import AttributeChange, Entry, EntryKind

# An entry is to be a few of DynamoDB's write units, whatever somebody writes into a profile.
MAX_VALUE_CHARS: Final = 200  # of a value's JSON, and of an attribute's name; longer ones are cut
MAX_ATTRIBUTES: Final = 50  # of one entry
TRANSFORMS: Final = "transforms"  # the cause of what data transforms made


class _Cause(NamedTuple):
    """When values were set, and by what."""

    at: str  # ISO 8601
    name: str | None  # as in `Entry.cause`


class _Attribute(NamedTuple):
    """What has one value; a profile may have several names of one kind, and each is one."""

    name: str
    value_of_name: str = ""  # empty for all but names


def entries(change: ProfileChange) -> list[Entry]:
    """The entries of one write: of its merges, and one for each cause that has set values.

    The same write makes the same entries, however often the stream tells of it. A redirect makes
    none, because the survivor has what it had; nor does a profile whose person was erased. What
    comes back with an un-merge was told when it was set. So was what comes out of a backup, and its
    timeline comes out of the same one.
    """
    before, after = change.before, change.after
    if after.merged_into is not None or after.erased_at is not None or change.is_restored:
        return []
    if before is not None and before.merged_into is not None:
        parted_from = (before.merged_into,)
        return [_entry(change, EntryKind.UNMERGE, at=change.at, profile_ids=parted_from)]
    before = before or profiles.unknown(after.tenant, after.id)
    # An un-merge takes values away and brings old ones back; their stamps tell of long ago.
    is_unmerge = not set(before.merged_ids).issubset(after.merged_ids)
    by_cause: dict[_Cause, list[AttributeChange]] = {}
    for attribute, was, now in _differences(before, after):
        cause = _Cause(change.at, None) if is_unmerge else _cause(change, attribute)
        by_cause.setdefault(cause, []).append(_shown(attribute, was, now))
    made = [
        _entry(
            change,
            EntryKind.CHANGE,
            at=cause.at,
            cause=cause.name,
            changes=tuple(attributes[:MAX_ATTRIBUTES]),
            changes_left_out=max(0, len(attributes) - MAX_ATTRIBUTES),
        )
        for cause, attributes in by_cause.items()
    ]
    return [*_merges(change, before), *made]


def _merges(change: ProfileChange, before: Profile) -> Iterator[Entry]:
    was, now = set(before.merged_ids), set(change.after.merged_ids)
    for kind, profile_ids in ((EntryKind.MERGE, now - was), (EntryKind.UNMERGE, was - now)):
        if profile_ids:
            yield _entry(change, kind, at=change.at, profile_ids=tuple(sorted(profile_ids)))


def _entry(change: ProfileChange, kind: EntryKind, *, at: str, **fields: Any) -> Entry:
    after = change.after
    parts = (after.tenant, after.id, str(after.revision), kind, at, fields.get("cause") or "")
    return Entry(
        id=ids.derive("chg", *parts),
        tenant=after.tenant,
        profile_id=after.id,
        kind=kind,
        at=at,
        recorded_at=change.at,
        **fields,
    )


def _differences(before: Profile, after: Profile) -> Iterator[tuple[_Attribute, Any, Any]]:
    """Each attribute that has another value than before, with both values; None for no value."""
    old, new = dict(_values(before)), dict(_values(after))
    for attribute in sorted(old.keys() | new.keys()):
        was, now = old.get(attribute), new.get(attribute)
        if not _are_same(was, now):
            yield attribute, was, now


def _are_same(was: Any, now: Any) -> bool:
    """Whether JSON does not tell the values apart; Python takes 1 for True."""
    if was != now or type(was) is not type(now):
        return False
    return not isinstance(was, (dict, list)) or dump(was) == dump(now)


def _values(profile: Profile) -> Iterator[tuple[_Attribute, Any]]:
    """Every attribute that has a value."""
    for room, values in (
        ("properties", profile.properties),
        ("derived", profile.derived),
        ("consent", profile.consent),
        ("unusable", profile.unusable_names),
    ):
        yield from ((_Attribute(f"{room}.{name}"), value) for name, value in values.items())
    for claim in profile.names:
        if claim.present:
            yield _Attribute(f"names.{claim.kind}", claim.value), claim.value
    if profile.deleted:
        yield _Attribute("deleted"), True


def _cause(change: ProfileChange, attribute: _Attribute) -> _Cause:
    """What has set the attribute, by the stamp that it has now."""
    if attribute.name.startswith("derived."):  # it is made anew at each write, and has no stamp
        return _Cause(change.at, TRANSFORMS)
    stamp = _stamp(change.after, attribute)
    return _Cause(stamps.moment_of(stamp), stamps.cause_of(stamp))


def _stamp(profile: Profile, attribute: _Attribute) -> str:
    deleted = profile.stamps.get("deleted", "")
    if attribute.value_of_name:
        stamps = {(f"names.{each.kind}", each.value): each.stamp for each in profile.names}
        return stamps.get((attribute.name, attribute.value_of_name), deleted)
    if attribute.name == "deleted":
        return deleted if profile.deleted else profile.stamps.get("alive", "")
    return profile.stamps.get(attribute.name, deleted)  # what a deletion took away has no stamp


def _shown(attribute: _Attribute, was: Any, now: Any) -> AttributeChange:
    before, after = _cut(was), _cut(now)
    name = attribute.name[:MAX_VALUE_CHARS]
    is_cut = before is not was or after is not now or name != attribute.name
    return AttributeChange(name, before, after, is_cut)


def _cut(value: Any) -> Any:
    """The value; of a long one, the beginning of its JSON."""
    text = dump(value)
    return value if len(text) <= MAX_VALUE_CHARS else text[:MAX_VALUE_CHARS]
