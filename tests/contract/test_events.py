"""The events: each is found by its id, and listed once, however often and beside whom it came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core.events.envelope import Event
from runtime.core.ids import Key
from runtime.core.timestamps import moment, timestamp
from runtime.stores.events import events
from tests.builders import NOW, TENANT, an_event
from tests.cloud import Cloud, in_process


def a_metric(number: int, *, topic: str = "metric.a", **changes: Any) -> Event:
    """Event number `number`, a second after the one before it."""
    at = timestamp(moment(NOW) + timedelta(seconds=number))
    return an_event(**{"id": f"evt_{number}", "topic": topic, "received_at": at} | changes)


def listed(cloud: Cloud, *, limit: int = 3, tenant: str = TENANT, **filters: Any) -> list[str]:
    """The ids of a whole listing, page by page."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = cloud.events.list(tenant, after=after, limit=limit, **filters)
        assert len(page.items) <= limit
        found += [event.id for event in page.items]
        after = page.after
        if after is None:
            return found


def test_an_event_is_found_whole_by_its_id(cloud: Cloud) -> None:
    """And by nobody else's tenant."""
    event = an_event(properties={"list": [1, 2.5, None], "text": "é\0", "big": 2**60})
    cloud.events.put([event])

    assert event == cloud.events.find(TENANT, event.id)
    assert cloud.events.find("another", event.id) is None
    assert cloud.events.find(TENANT, "evt_unknown") is None


def test_many_are_found_together(cloud: Cloud) -> None:
    """Those that there are."""
    each = [a_metric(number) for number in range(30)]
    cloud.events.put(each)

    found = cloud.events.find_many([Key(TENANT, f"evt_{number}") for number in range(20, 40)])

    assert found == {Key(TENANT, event.id): event for event in each[20:]}


def test_a_large_event_rests_beside_its_record(cloud: Cloud) -> None:
    """A record of 256 KB would cost 256 writes."""
    noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(60_000))
    event = an_event(properties={"noise": noise})
    cloud.events.put([event])

    assert event == cloud.events.find(TENANT, event.id)
    assert 1 == len(cloud.objects())


def test_an_event_whose_large_envelope_has_expired_is_gone(cloud: Cloud) -> None:
    """The bucket may be earlier than the table; neither is an error of ours."""
    noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(60_000))
    cloud.events.put([an_event(properties={"noise": noise})])
    for key in cloud.objects():
        cloud.clients.s3.delete_object(Bucket=cloud.bucket.name, Key=key)

    assert cloud.events.find(TENANT, "evt_1") is None
    assert [] == listed(cloud)


def test_events_are_listed_the_newest_first(cloud: Cloud) -> None:
    """Over pages, minutes and batches."""
    each = [a_metric(number * 7) for number in range(40)]
    for start in range(0, 40, 15):
        cloud.events.put(each[start : start + 15])

    assert [event.id for event in reversed(each)] == listed(cloud)


def test_a_listing_takes_a_topic_and_two_times(cloud: Cloud) -> None:
    """Both times included."""
    cloud.events.put(a_metric(n, topic=("metric.a", "metric.b")[n % 2]) for n in range(20))
    since, until = (a_metric(number).received_at for number in (4, 11))

    assert ["evt_10", "evt_8", "evt_6", "evt_4"] == listed(
        cloud, topic="metric.a", since=since, until=until
    )
    assert [] == listed(cloud, topic="metric.c")
    assert [] == listed(cloud, since=until, until=since)
    assert [] == listed(cloud, tenant="another")


def test_the_newest_of_a_topic_is_found(cloud: Cloud) -> None:
    """However many of others came since."""
    cloud.events.put([a_metric(0), a_metric(1), *(a_metric(n, topic="m.b") for n in range(2, 60))])

    assert a_metric(1) == cloud.events.newest(TENANT, "metric.a")
    assert cloud.events.newest(TENANT, "metric.c") is None
    assert cloud.events.newest("another", "metric.a") is None


def test_the_newest_of_overlapping_batches_is_found(cloud: Cloud) -> None:
    """The batch that began last need not have the newest event."""
    cloud.events.put([a_metric(1), a_metric(9)])
    cloud.events.put([a_metric(2), a_metric(3)])

    assert a_metric(9) == cloud.events.newest(TENANT, "metric.a")
    assert ["evt_9", "evt_3", "evt_2", "evt_1"] == listed(cloud, limit=4)


def test_a_page_of_large_events_fits_into_an_answer(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda answers at most 6 MB; a page that ends early goes on where it ended."""
    monkeypatch.setattr(events, "MAX_PAGE_BYTES", 2500)
    cloud.events.put(a_metric(n, properties={"text": "x" * 1000}) for n in range(5))
    cloud.events.put([a_metric(5, properties={"text": "x" * 5000})])

    first = cloud.events.list(TENANT, limit=50)

    assert ["evt_5"] == [event.id for event in first.items]
    assert [f"evt_{n}" for n in (5, 4, 3, 2, 1, 0)] == listed(cloud, limit=50)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_event_that_comes_again_is_listed_once(cloud: Cloud, times: int) -> None:
    """In whatever company it comes."""
    each = [a_metric(number) for number in range(12)]
    for number in range(times):
        cloud.events.put(each[number * 2 :] if number else each)

    assert [event.id for event in reversed(each)] == listed(cloud, limit=5)


def test_an_event_is_kept_for_the_retention_from_when_it_was_stored(cloud: Cloud) -> None:
    """A producer may say that it was received a century ago."""
    cloud.events.put([an_event(received_at="1926-01-01T00:00:00.000Z")])

    (item,) = cloud.events.table.get_many([{"pk": f"event#{TENANT}#evt_1", "sk": "event"}])
    days = (int(item["expires_at"]["N"]) - datetime.now(UTC).timestamp()) / 86_400
    assert 29.9 < days <= 30


BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from(["acme", "other"]), st.integers(0, 200)), max_size=30),
    max_size=5,
)


@given(batches=BATCHES, limit=st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_whatever_came_in_whatever_batches_is_listed_once_for_its_tenant(
    batches: list[list[tuple[str, int]]], limit: int
) -> None:
    """Any order, any repetition, any company."""
    with in_process("direct") as cloud:
        for batch in batches:
            cloud.events.put(
                replace(a_metric(number), tenant=tenant) for tenant, number in dict.fromkeys(batch)
            )
        for tenant in ("acme", "other"):
            numbers = {number for batch in batches for of, number in batch if of == tenant}
            assert [f"evt_{n}" for n in sorted(numbers, reverse=True)] == sorted(
                listed(cloud, tenant=tenant, limit=limit), key=lambda name: -int(name[4:])
            )
