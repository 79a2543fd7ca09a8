"""Timelines in the real store: what happened to a person, the newest first, whoever merged."""

from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.core.timeline.entry import AttributeChange, Entry, EntryKind, Selection
from runtime.core.timestamps import of_epoch_ms
from runtime.stores.tables import codec, keys
from runtime.stores.timeline.timelines import MAX_LOOKS, MIN_LOOK_AT
from tests.builders import NOW_MS, TENANT
from tests.cloud import RETENTION_DAYS, Cloud
from tests.timeline import an_entry

ALL = Selection()
A_MINUTE_S = 60


def at(number: int) -> str:
    """A time, by its number."""
    return of_epoch_ms(NOW_MS + number)


def an_event(number: int, **changes: Any) -> Entry:
    """The entry of an event at a time."""
    return an_entry(id=f"evt_{number}", at=at(number), **changes)


def a_whole(cloud: Cloud, *profile_ids: str, selection: Selection = ALL, limit: int) -> list[Entry]:
    """A whole timeline, page by page."""
    pages: list[Entry] = []
    after = None
    while True:
        page = cloud.timelines.page(TENANT, profile_ids, selection, after=after, limit=limit)
        pages += page.items
        if page.after is None:
            return pages
        assert after is None or page.after < after, "each page must go on"
        after = page.after


def test_an_entry_of_every_kind_is_stored_as_it_is(cloud: Cloud) -> None:
    """Also one whose event, and whose profile, has `#` in its id."""
    changes = (
        AttributeChange("properties.city", None, {"a": [1, None]}),
        AttributeChange("properties.n", "x" * 2000, 1.0, is_cut=True),
    )
    every = [
        an_entry(profile_id="a#b", id="evt#1#2"),
        an_entry(
            profile_id="a#b", kind=EntryKind.CHANGE, topic=None, cause="run:r", changes=changes
        ),
        an_entry(profile_id="a#b", kind=EntryKind.MERGE, topic=None, profile_ids=("x", "y")),
        an_entry(
            profile_id="a#b",
            kind=EntryKind.REFUSAL,
            topic=None,
            event_id="evt_1",
            name_kind="email",
            name_value="ada@example.com",
            rule="kept_apart",
            other_id="prf_2",
        ),
    ]

    cloud.timelines.put(every)

    page = cloud.timelines.page(TENANT, ["a#b"], ALL)
    assert sorted(every, key=lambda each: each.place, reverse=True) == list(page.items)
    assert page.after is None


def test_an_entry_that_comes_again_is_there_once(cloud: Cloud) -> None:
    """In one batch, and in two: queues repeat."""
    cloud.timelines.put([an_entry(), an_entry()])
    cloud.timelines.put([an_entry()])

    assert (an_entry(),) == cloud.timelines.page(TENANT, ["prf_1"], ALL).items


def test_an_entry_expires_after_the_days_of_retention(cloud: Cloud) -> None:
    """They count from when it was written: a late event's entry is kept as long as the event."""
    now_s = datetime.now(UTC).timestamp()
    cloud.timelines.put([an_entry(at="2001-01-01T00:00:00.000Z")])

    query = codec.key({":pk": keys.timeline(TENANT, "prf_1")})
    (item,) = cloud.timelines.table.query(
        {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": query}
    )
    expected_s = now_s + RETENTION_DAYS * 86_400
    assert expected_s - 1 <= codec.value(item["expires_at"]) <= expected_s + A_MINUTE_S


def test_nobody_sees_another_tenants_or_another_persons_timeline(cloud: Cloud) -> None:
    """Two tenants may name their people alike."""
    cloud.timelines.put([an_entry(), an_entry(profile_id="prf_2")])

    assert () == cloud.timelines.page("globex", ["prf_1"], ALL).items
    assert (an_entry(),) == cloud.timelines.page(TENANT, ["prf_1"], ALL).items


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (ALL, [4, 3, 2, 1, 0]),
        (Selection(since=at(3)), [4, 3]),
        (Selection(until=at(1)), [1, 0]),
        (Selection(since=at(1), until=at(1)), [1]),
        (Selection(since=at(3), until=at(1)), []),
        (Selection(kinds=frozenset({EntryKind.MERGE})), [2]),
        (Selection(kinds=frozenset({EntryKind.EVENT}), until=at(3)), [3, 1, 0]),
    ],
)
@pytest.mark.parametrize("limit", [1, 9])
def test_entries_are_chosen_by_kind_and_time(
    cloud: Cloud, selection: Selection, numbers: list[int], limit: int
) -> None:
    """What happened between two times? Who was merged?"""
    cloud.timelines.put(
        an_event(number, kind=EntryKind.MERGE if number == 2 else EntryKind.EVENT)
        for number in range(5)
    )

    entries = a_whole(cloud, "prf_1", selection=selection, limit=limit)

    assert numbers == [int(each.id.removeprefix("evt_")) for each in entries]


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_merged_persons_timeline_is_one(cloud: Cloud, limit: int) -> None:
    """Three profiles turn out to be one person: what happened to each stands in one order."""
    every = [an_event(number, profile_id=f"prf_{number % 3}") for number in range(12)]
    again = an_event(5, profile_id="prf_0")  # it came again after the merge
    cloud.timelines.put([*every, again])

    entries = a_whole(cloud, "prf_0", "prf_1", "prf_2", limit=limit)

    assert [f"evt_{number}" for number in reversed(range(12))] == [each.id for each in entries]


def test_other_things_in_a_profiles_partition_are_no_entries(cloud: Cloud) -> None:
    """Their sort keys begin with a letter."""
    cloud.timelines.put([an_entry()])
    other = codec.key({"pk": keys.timeline(TENANT, "prf_1"), "sk": "snapshot#prf_2"})
    cloud.timelines.table.put_many([other])

    assert (an_entry(),) == cloud.timelines.page(TENANT, ["prf_1"], ALL).items


def test_a_page_makes_no_more_requests_than_it_may_and_goes_on(cloud: Cloud) -> None:
    """A person merged of many must not make one call read everything."""
    many = (2 + MAX_LOOKS) * MIN_LOOK_AT
    cloud.timelines.put(an_event(number, profile_id="prf_0") for number in range(many))
    others = [f"prf_{number}" for number in range(1, 40)]

    first = cloud.timelines.page(TENANT, ["prf_0", *others], ALL, limit=many)
    rest = cloud.timelines.page(TENANT, ["prf_0", *others], ALL, limit=many, after=first.after)

    assert (1 + MAX_LOOKS) * MIN_LOOK_AT == len(first.items)
    assert many == len(first.items) + len(rest.items)
