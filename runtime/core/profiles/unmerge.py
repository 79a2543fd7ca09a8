"""Parting two profiles that were merged: what each of them is afterwards."""

from dataclasses import dataclass, replace
from typing import Any

from runtime.core.profiles import attributes
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.change import Change, Merge, NameMove
from runtime.core.profiles.identity import Derive
from runtime.core.profiles.profile import Profile
from runtime.errors import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What was read to part a profile from the one that it was merged into."""

    redirect: Profile  # what is left of the profile that was merged
    whole: Profile  # the profile that it leads to now
    merge: Merge  # both as they stood before


def parted(parting: Parting, *, derive: Derive) -> Change:
    """The change after which the merged profile stands alone again, as it did before the merge.

    The other keeps what it has got since. An attribute that it has of the merged one becomes what
    it was just before the merge. Names go back to whom they came from, unless they were taken away
    since. No event merges the two again: people said that they are two.

    Raises:
        Conflict: code `merged_again`: the survivor was merged into another, so part that first.
    """
    whole, loser = parting.whole, parting.merge.loser
    if whole.id != parting.merge.into.id:
        raise Conflict(
            f"{parting.merge.into.id} was itself merged into {whole.id}; part these first",
            code="merged_again",
        )
    back = set(loser.held_names) & set(whole.held_names) - set(parting.merge.into.held_names)
    alone = replace(
        loser,
        revision=parting.redirect.revision,
        names=tuple(claim for claim in loser.names if claim.name in back or not claim.present),
        kept_apart=tuple(sorted({*loser.kept_apart, whole.id})),
    )
    survivor = replace(
        _without(whole, parting.merge),
        names=tuple(claim for claim in whole.names if claim.name not in back),
    )
    return Change(
        tenant=whole.tenant,
        profiles=tuple(
            (each.revision, _ready(each, derive=derive))
            for each in sorted((survivor, alone), key=lambda each: each.id)
        ),
        moves=tuple(NameMove(name, was=whole.id, to=loser.id) for name in sorted(back)),
    )


def _without(whole: Profile, merge: Merge) -> Profile:
    """The survivor without the attributes that it has of the merged profile."""
    into, loser = merge.into, merge.loser
    stamps = dict(whole.stamps)
    values: dict[str, dict[str, Any]] = _values(whole)
    for key, stamp in loser.stamps.items():
        if stamps.get(key) != stamp:
            continue  # somebody has set it since
        group, _, name = key.partition(".")
        values.get(group, {}).pop(name, None)
        del stamps[key]
        if key in into.stamps:
            stamps[key] = into.stamps[key]
            before = _values(into).get(group, {})
            values.setdefault(group, {}).update({n: before[n] for n in before if n == name})
    apart = set(whole.kept_apart) - (set(loser.kept_apart) - set(into.kept_apart)) | {loser.id}
    return replace(
        whole,
        stamps=stamps,
        properties=values["properties"],
        consent=values["consent"],
        unusable_names=values["unusable"],
        merged_ids=tuple(sorted(set(whole.merged_ids) - {loser.id, *loser.merged_ids})),
        kept_apart=tuple(sorted(apart)),
    )


def _values(profile: Profile) -> dict[str, dict[str, Any]]:
    """The values of a profile by the first word of their stamps' keys."""
    return {
        "properties": dict(profile.properties),
        "consent": dict(profile.consent),
        "unusable": dict(profile.unusable_names),
    }


def _ready(profile: Profile, *, derive: Derive) -> Profile:
    # To merge it with nothing works out anew what follows from its names and stamps.
    same = attributes.merge(profile, profiles.unknown(profile.tenant, profile.id))
    return profiles.stored(same, {} if same.deleted else derive(same))
