"""Turns profiles into items of their table and back; reads them from the table's stream too."""

from collections.abc import Mapping
from typing import Final

from runtime.core.profiles.profile import NameClaim, Profile
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

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


def profile_from_stream(image: Mapping[str, Item]) -> Profile:
    """A profile as the table's stream hands it to Lambda."""
    return profile(codec.from_stream(image))
