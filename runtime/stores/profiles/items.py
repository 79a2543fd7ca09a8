"""Turns profiles into items of their table and back; reads them from the table's stream too."""

from collections.abc import Mapping
from typing import Any, Final

from runtime.core.profiles.profile import NameClaim, Profile
from runtime.core.profiles.profile_change import ProfileChange
from runtime.core.timestamps import of_epoch_ms
from runtime.errors import BadInput
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


def change(record: Mapping[str, Any]) -> ProfileChange:
    """A committed write, as the table's stream hands it to Lambda: the record's `dynamodb`.

    Raises:
        BadInput: code `unreadable_profile`: an image is no profile.
    """
    images = [record.get(name) for name in ("OldImage", "NewImage")]
    try:
        before, after = (
            None if image is None else profile(codec.from_stream(image)) for image in images
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(
            f"an image of the stream is no profile: {type(problem).__name__}",
            code="unreadable_profile",
        ) from problem
    if after is None:
        raise BadInput("the record has no new image", code="unreadable_profile")
    at_ms = round(float(record["ApproximateCreationDateTime"]) * 1000)
    return ProfileChange(before=before, after=after, at=of_epoch_ms(at_ms))
