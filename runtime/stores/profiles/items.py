"""Turns profiles into items of their table and back; reads them from the table's stream too."""

from collections.abc import Mapping
from typing import Final

from runtime.core.profiles.profile import NameClaim, Profile
from runtime.core.profiles.profile_change import ProfileChange
from runtime.stores.tables import codec, streamed
from runtime.stores.tables.codec import Item
from runtime.stores.tables.streamed import Record

AS_JSON: Final = frozenset(
    {
        "consent",
        "derived",
        "kept_apart",
        "merged_ids",
        "names",
        "properties",
        "stamps",
        "unusable_names",
    }
)


def profile_item(profile: Profile) -> Item:
    """The attributes of a profile."""
    return codec.encode(profile, as_json=AS_JSON)


def profile(item: Mapping[str, Item]) -> Profile:
    """A stored profile."""
    raw = codec.fields(item, Profile, as_json=AS_JSON)
    raw["names"] = tuple(NameClaim(*claim) for claim in raw.get("names", ()))
    for name in ("kept_apart", "merged_ids"):
        raw[name] = tuple(raw.get(name, ()))
    return Profile(**raw)


def change(record: Record) -> ProfileChange:
    """A committed write, as the table's stream tells of it.

    Raises:
        BadInput: code `unreadable_profile`: an image is no profile.
    """
    write = streamed.read(record, profile, code="unreadable_profile")
    return ProfileChange(before=write.before, after=write.after, at=write.at)
