"""Parting undoes merging, and nothing else."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events.envelope import ProfileRef
from runtime.core.profiles import attributes, names, unmerge
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.change import Change
from runtime.core.profiles.identity import Draft
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile import Profile
from runtime.core.profiles.unmerge import Parting
from tests.builders import TENANT, an_event

RULES = NameRules()


@st.composite
def people(draw: st.DrawFn, name: str) -> Profile:
    """Somebody with an address of his own, of whom a few events have told."""
    profile = profiles.unknown(TENANT, f"prf_{name}")
    for number in range(draw(st.integers(1, 3))):
        event = an_event(
            id=f"evt_{name}{number}",
            topic=draw(
                st.sampled_from(["profile.updated", "profile.unsubscribed", "metric.placed_order"])
            ),
            occurred_at=f"2026-11-20T00:00:0{draw(st.integers(0, 9))}.000Z",
            profile=ProfileRef(email=f"{name}{draw(st.integers(0, 1))}@example.com", phone="none"),
            properties=draw(st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2))),
        )
        profile = attributes.project(profile, event, names.of(event.profile, RULES))
    return profiles.stored(profile)


def merged(one: Profile, other: Profile) -> Change:
    """The change that merges two people."""
    draft = Draft(
        tenant=TENANT,
        rules=RULES,
        derive=lambda _profile: {},
        read={one.id: one, other.id: other},
        holders={},
    )
    draft.merge(one.id, other.id, cause="key:1")
    change = draft.change()
    assert change is not None
    return change


def parting(change: Change, whole: Profile) -> Parting:
    """What is read to undo a merge, when the survivor is now `whole`."""
    [merge] = change.merges
    [redirect] = [each for _, each in change.profiles if each.merged_into is not None]
    return Parting(redirect=redirect, whole=whole, merge=merge)


def survivor(change: Change) -> Profile:
    """Who is left."""
    [profile] = [each for _, each in change.profiles if each.merged_into is None]
    return profile


def parted(change: Change, whole: Profile) -> dict[str, Profile]:
    """Both, after the merge is undone."""
    undone = unmerge.parted(parting(change, whole), derive=lambda _profile: {})
    return {each.id: each for _, each in undone.profiles}


def bare(profile: Profile) -> Profile:
    """A profile without what each write changes, and without what keeps it apart."""
    return replace(profile, revision=0, kept_apart=())


@given(people("a"), people("b"))
def test_merging_and_parting_leaves_both_as_they_were(one: Profile, other: Profile) -> None:
    """Whatever each has of the other."""
    change = merged(one, other)

    both = parted(change, survivor(change))

    before = {one.id: bare(one), other.id: bare(other)}
    after = {key: bare(each) for key, each in both.items()}
    created = min(one.created_at, other.created_at)
    assert {key: replace(each, created_at=created) for key, each in before.items()} == {
        key: replace(each, created_at=created) for key, each in after.items()
    }
    assert {one.id: (other.id,), other.id: (one.id,)} == {
        key: each.kept_apart for key, each in both.items()
    }


@given(people("a"), people("b"), st.integers(0, 9))
def test_what_came_after_the_merge_stays_with_the_survivor(
    one: Profile, other: Profile, value: int
) -> None:
    """It was said of the person who was left."""
    change = merged(one, other)
    later = an_event(
        id="evt_later",
        topic="profile.updated",
        occurred_at="2026-11-21T00:00:00.000Z",
        profile=ProfileRef(external_id="c-1"),
        properties={"x": value},
    )
    whole = profiles.stored(
        attributes.project(survivor(change), later, names.of(later.profile, RULES))
    )

    both = parted(change, whole)

    kept = both[whole.id]
    [merge] = change.merges
    assert ({**merge.into.properties, "x": value}, "c-1") == (kept.properties, kept.external_id)
    assert both[merge.loser.id].properties == merge.loser.properties


@given(people("a"), people("b"))
def test_each_name_leads_to_one_of_the_two_and_moves_with_its_profile(
    one: Profile, other: Profile
) -> None:
    """The rows of the names change in the same transaction."""
    change = merged(one, other)
    whole = survivor(change)

    undone = unmerge.parted(parting(change, whole), derive=lambda _profile: {})

    holders = {name: each.id for _, each in undone.profiles for name in each.held_names}
    assert set(whole.held_names) == set(holders)
    [merge] = change.merges
    assert {
        (name, whole.id, merge.loser.id) for name in holders if holders[name] == merge.loser.id
    } == {tuple(move) for move in undone.moves}
