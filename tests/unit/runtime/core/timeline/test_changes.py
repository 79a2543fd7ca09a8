"""A write of a profile becomes entries: what changed, by what, and when."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles import attributes, names
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.attributes import Amendment
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile import Profile
from runtime.core.profiles.profile_change import ProfileChange
from runtime.core.timeline import changes
from runtime.core.timeline.entry import AttributeChange, Entry, EntryKind
from tests.builders import NOW, TENANT, an_event
from tests.json_values import JSON

WRITTEN = "2026-11-20T13:05:00.000Z"
EARLIER = "2026-11-01T00:00:00.000Z"
NOBODY = profiles.unknown(TENANT, "prf_1")


def after(before: Profile, *some: Event) -> Profile:
    """The profile that a write after these events stores."""
    profile = before
    for event in some:
        named = names.of(event.profile, NameRules())
        profile = attributes.project(profile, event, named)
    return profiles.stored(profile)


def updated(number: int = 1, /, *, at: str = NOW, **properties: Any) -> Event:
    """An event that sets properties."""
    return an_event(
        id=f"evt_{number}",
        topic="profile.updated",
        occurred_at=at,
        profile=ProfileRef(id="prf_1"),
        properties=properties,
    )


def entries(before: Profile | None, now: Profile) -> list[Entry]:
    """What the write's timeline entries are."""
    return changes.entries(ProfileChange(before=before, after=now, at=WRITTEN))


def test_what_comes_out_of_a_backup_makes_no_entry() -> None:
    """It would tell once more of all that was ever set, in one breath, at the times of then."""
    first = after(NOBODY, updated(city="Köln"))
    second = after(first, updated(2, at=WRITTEN, city="Bonn"))
    third = after(second, updated(3, at=WRITTEN, city="Ulm"))

    assert [] == entries(None, second)
    assert [] == entries(third, second)
    assert 1 == len(entries(second, third))


def test_an_entry_says_what_was_and_is_by_what_and_when() -> None:
    """Support asks: who has set this, and what was it before?"""
    before = after(NOBODY, updated(city="Köln", age=36))
    (entry,) = entries(before, after(before, updated(2, at=WRITTEN, city="Bonn", age=36)))

    assert (EntryKind.CHANGE, WRITTEN, "evt_2") == (entry.kind, entry.at, entry.cause)
    assert (AttributeChange("properties.city", "Köln", "Bonn"),) == entry.changes


def test_a_new_profile_has_everything_from_nothing() -> None:
    """Its names too."""
    event = replace(updated(city="Köln"), profile=ProfileRef(email="ada@example.com"))
    (entry,) = entries(None, after(NOBODY, event))

    assert {
        AttributeChange("names.email", None, "ada@example.com"),
        AttributeChange("properties.city", None, "Köln"),
    } == set(entry.changes)


@pytest.mark.parametrize("event_id", ["a|b", "~1", "~000000000001", "|"])
def test_the_event_that_set_a_value_is_named_whatever_its_id(event_id: str) -> None:
    """Producers choose their ids."""
    (entry,) = entries(None, after(NOBODY, replace(updated(x=1), id=event_id)))

    assert event_id == entry.cause


def test_each_cause_of_one_write_has_an_entry_at_its_own_time() -> None:
    """A batch of events is one write; a late event stands where it belongs."""
    made = entries(None, after(NOBODY, updated(1, x=1), updated(2, at=EARLIER, y=2)))

    assert [(EARLIER, "evt_2", "properties.y"), (NOW, "evt_1", "properties.x")] == sorted(
        (entry.at, entry.cause, entry.changes[0].attribute) for entry in made
    )
    assert {WRITTEN} == {entry.recorded_at for entry in made}


def test_a_change_by_a_run_names_the_run_and_what_it_took_away() -> None:
    """`run:…` as in the stamp."""
    before = after(NOBODY, updated(city="Köln"))
    amendment = Amendment(put={"vip": True}, unset=("city",))
    now = profiles.stored(attributes.amend(before, amendment, now=WRITTEN, cause="run:run_1"))

    (entry,) = entries(before, now)

    assert "run:run_1" == entry.cause
    assert (
        AttributeChange("properties.city", "Köln", None),
        AttributeChange("properties.vip", None, after=True),
    ) == entry.changes


def test_what_data_transforms_make_is_told_as_theirs() -> None:
    """Raw and derived values may have one name, and differ."""
    before = after(NOBODY, updated(city="köln"))
    now = replace(before, revision=before.revision + 1, derived={"city": "Köln"})

    (entry,) = entries(before, now)

    assert (changes.TRANSFORMS, WRITTEN) == (entry.cause, entry.at)
    assert (AttributeChange("derived.city", None, "Köln"),) == entry.changes


def test_a_deletion_says_what_it_took_away() -> None:
    """By the event that asked for it."""
    before = after(NOBODY, updated(city="Köln"))
    deletion = an_event(
        id="evt_2", topic="profile.deleted", occurred_at=WRITTEN, profile=ProfileRef(id="prf_1")
    )

    (entry,) = entries(before, after(before, deletion))

    assert "evt_2" == entry.cause
    assert {"deleted", "properties.city"} == {each.attribute for each in entry.changes}


def test_a_merge_names_who_became_part_and_an_unmerge_who_left() -> None:
    """Beside the values that came along."""
    alone = after(NOBODY, updated(city="Köln"))
    both = replace(alone, revision=2, merged_ids=("prf_2", "prf_3"))

    (merge,) = entries(alone, both)
    (unmerge,) = entries(both, replace(both, revision=3, merged_ids=("prf_3",)))

    assert (EntryKind.MERGE, ("prf_2", "prf_3")) == (merge.kind, merge.profile_ids)
    assert (EntryKind.UNMERGE, ("prf_2",)) == (unmerge.kind, unmerge.profile_ids)


def test_what_an_unmerge_takes_away_or_brings_back_is_told_as_its_doing() -> None:
    """Not as that of the event which once set the value, at the time when it did."""
    alone = after(NOBODY, updated(1, city="Köln"))
    both = replace(after(alone, updated(2, at=WRITTEN, city="Bonn", n=1)), merged_ids=("prf_2",))

    _, change = entries(both, replace(alone, revision=3))

    assert (None, WRITTEN) == (change.cause, change.at)
    assert (
        AttributeChange("properties.city", "Bonn", "Köln"),
        AttributeChange("properties.n", 1, None),
    ) == change.changes


def test_a_profile_that_comes_back_has_parted_and_tells_nothing_twice() -> None:
    """Its values stand in its timeline already, at the times when they were set."""
    before = after(NOBODY, updated(city="Köln"))
    redirect = profiles.redirect(before, into="prf_2")

    (entry,) = entries(redirect, replace(before, revision=3))

    assert (EntryKind.UNMERGE, ("prf_2",)) == (entry.kind, entry.profile_ids)


def test_a_redirect_and_an_erased_profile_make_no_entries() -> None:
    """What a redirect lost its survivor has; of an erased person nothing may be told."""
    before = after(NOBODY, updated(city="Köln"))

    assert [] == entries(before, profiles.redirect(before, into="prf_2"))
    assert [] == entries(before, replace(NOBODY, revision=2, erased_at=WRITTEN))


def test_a_long_value_is_cut_and_many_attributes_are_counted() -> None:
    """An entry stays a few write units, whatever somebody writes."""
    many = {f"p{number:03}": "x" * 1000 for number in range(changes.MAX_ATTRIBUTES + 2)}

    event = replace(updated(), properties=many)
    (entry,) = entries(None, after(NOBODY, event))

    assert (changes.MAX_ATTRIBUTES, 2) == (len(entry.changes), entry.changes_left_out)
    assert all(each.is_cut for each in entry.changes)
    assert all(len(each.after) == changes.MAX_VALUE_CHARS for each in entry.changes)


@pytest.mark.parametrize(
    ("was", "now"), [(1, True), (0, False), (1, 1.0), ({"a": [1]}, {"a": [True]})]
)
def test_values_that_python_takes_for_equal_are_told_apart(was: Any, now: Any) -> None:
    """JSON tells them apart, and so does a receiver."""
    before = after(NOBODY, updated(x=was))

    (entry,) = entries(before, after(before, updated(2, at=WRITTEN, x=now)))

    assert (AttributeChange("properties.x", was, now),) == entry.changes


@given(
    st.lists(st.dictionaries(st.sampled_from("xyz"), JSON), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_entries_lead_from_what_was_to_what_is(properties: list[dict[str, Any]], cut: int) -> None:
    """Nothing that changed is missing, nothing else is told, and telling it again is the same."""
    events = [updated(number, **each) for number, each in enumerate(properties)]
    before = after(NOBODY, *events[:cut])
    now = after(before, *events[cut:])

    told = entries(before, now)
    values = dict(before.properties)
    for change in (change for entry in told for change in entry.changes):
        name = change.attribute.removeprefix("properties.")
        assert before.properties.get(name) == change.before or change.is_cut
        values[name] = now.properties.get(name) if change.is_cut else change.after

    assert {name: value for name, value in now.properties.items() if value is not None} == {
        name: value for name, value in values.items() if value is not None
    }
    assert told == entries(before, now)
    assert len(told) == len({entry.place for entry in told})
