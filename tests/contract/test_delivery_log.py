"""The log of deliveries: exactly what has a record is listed, once, whoever was killed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection, Status
from runtime.core.page import Page
from runtime.core.timestamps import moment, timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.stores.deliveries import delivery_log
from runtime.usecases.deliveries.list_deliveries import ListDeliveries
from tests.builders import NOW, TENANT, a_delivery, a_webhook, an_attempt
from tests.cloud import Cloud, in_process
from tests.doubles import MemoryWebhooks

WEBHOOKS = ("whk_1", "whk_2")
TOPICS = ("metric.a", "metric.b")


def a_new(number: int, **changes: Any) -> Delivery:
    """One that arrived at once."""
    event_id = f"evt_{number}"
    webhook_id = changes.get("webhook_id", "whk_1")
    return a_delivery(
        **{
            "id": ids.delivery_id(TENANT, event_id, webhook_id),
            "event_id": event_id,
            "status": Status.DELIVERED,
            "due_at_ms": None,
        }
        | changes
    )


def record(cloud: Cloud, *batch: Delivery) -> None:
    """Announce a batch together and write its records, as `deliver` does."""
    pages = cloud.deliveries.announce(batch)
    for each in batch:
        cloud.deliveries.add(replace(each, page=pages[each.id]))


def listed(
    cloud: Cloud, selection: Selection | None = None, *, limit: int = 3, oldest_first: bool = False
) -> list[str]:
    """Every id, page after page."""
    found: list[str] = []
    after = None
    while True:
        page = cloud.deliveries.list(
            TENANT,
            selection or Selection(),
            after=after,
            limit=limit,
            oldest_first=oldest_first,
        )
        assert len(page.items) <= limit
        found += [each.id for each in page.items]
        after = page.after
        if after is None:
            return found


def pages(cloud: Cloud) -> list[dict[str, Any]]:
    """What lies in the log's table."""
    log = cloud.deliveries.log.table
    return list(log.client.query(**_everything(log.name))["Items"])


def _everything(table: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :tenant",
        "ExpressionAttributeValues": {":tenant": {"S": TENANT}},
    }


def test_a_batch_is_one_small_item(cloud: Cloud) -> None:
    """Ten deliveries of ten webhooks and ten topics: one write unit."""
    batch = [
        a_new(
            number,
            webhook_id=ids.derive("whk", str(number)),
            topic=f"metric.viewed_product_in_category_{number}",
        )
        for number in range(10)
    ]
    record(cloud, *batch)

    [page] = pages(cloud)
    size = sum(len(name) + len(next(iter(value.values()))) for name, value in page.items())
    assert size <= 1024
    assert sorted(listed(cloud)) == sorted(each.id for each in batch)


def test_each_tenant_has_pages_of_its_own(cloud: Cloud) -> None:
    """A batch mixes tenants; a listing never does."""
    rival = a_new(2, tenant="rival")
    record(cloud, a_new(1), rival)

    assert listed(cloud) == [a_new(1).id]
    assert [each.id for each in cloud.deliveries.list("rival", Selection()).items] == [rival.id]


def test_what_was_announced_and_never_recorded_is_not_listed(cloud: Cloud) -> None:
    """A worker was killed between page and record; its message comes to another, later."""
    first, second = a_new(1), a_new(2)
    dead_page = cloud.deliveries.announce([first, second])
    cloud.deliveries.add(replace(second, page=dead_page[second.id]))
    again = replace(first, created_at="2026-11-20T13:10:00.000Z")
    record(cloud, again)

    assert listed(cloud) == [first.id, second.id]
    assert listed(cloud, Selection(until="2026-11-20T13:05:00.000Z")) == [second.id]
    assert listed(cloud, Selection(since="2026-11-20T13:05:00.000Z")) == [first.id]


def test_of_two_workers_that_record_the_same_one_is_listed(cloud: Cloud) -> None:
    """Both have announced it, in other company; the record names the page of the first to write."""
    mine, twin = a_new(1), a_new(2)
    here, there = cloud.deliveries.announce([mine, twin]), cloud.deliveries.announce([mine])
    assert cloud.deliveries.add(replace(mine, page=there[mine.id]))
    assert not cloud.deliveries.add(replace(mine, page=here[mine.id]))
    cloud.deliveries.add(replace(twin, page=here[twin.id]))

    assert sorted(listed(cloud)) == sorted([mine.id, twin.id])
    assert len(pages(cloud)) == 2


def test_the_same_announcement_is_the_same_page(cloud: Cloud) -> None:
    """A repeat of what has no other time, such as a run's dropped delivery, adds nothing."""
    for _ in range(2):
        cloud.deliveries.add(a_new(1, status=Status.DROPPED))

    assert len(pages(cloud)) == 1


def test_a_record_is_never_without_a_page(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page comes first; without it nothing is recorded."""

    def refuse(_deliveries: object) -> dict[str, str]:
        raise KeyError("the log is down")

    monkeypatch.setattr(delivery_log.DeliveryLog, "announce", lambda _, each: refuse(each))
    with pytest.raises(KeyError):
        cloud.deliveries.add(a_new(1))

    assert cloud.deliveries.find(a_new(1).id) is None


def test_what_outlives_its_page_gets_another(cloud: Cloud) -> None:
    """Sent again on its last day, it is kept for another month, and still listed where it was."""
    first = a_new(1)
    record(cloud, first, a_new(2))
    stored = cloud.deliveries.find(first.id)
    assert stored is not None
    a_month_later = timestamp(moment(NOW) + timedelta(days=29))
    cloud.deliveries.replace(
        stored, replace(stored, attempts=(an_attempt(), an_attempt(started_at=a_month_later)))
    )

    now = cloud.deliveries.find(first.id)
    assert now is not None
    item = cloud.deliveries.table.get({"pk": first.id})
    assert item is not None
    ends = {each["sk"]["S"].partition("#")[2]: each["expires_at"]["N"] for each in pages(cloud)}
    assert now.page != stored.page
    assert int(ends[now.page or ""]) >= int(item["expires_at"]["N"])
    assert sorted(listed(cloud)) == sorted([first.id, a_new(2).id])


def test_a_retry_stays_on_its_page(cloud: Cloud) -> None:
    """The usual schedule lasts three days: no second announcement is paid for."""
    record(cloud, a_new(1, status=Status.PENDING))
    stored = cloud.deliveries.find(a_new(1).id)
    assert stored is not None
    three_days_on = timestamp(moment(NOW) + timedelta(hours=75))
    done = replace(stored, attempts=(*stored.attempts, an_attempt(started_at=three_days_on)))
    cloud.deliveries.replace(stored, done)

    assert len(pages(cloud)) == 1


def test_a_cursor_is_stable_under_new_arrivals(cloud: Cloud) -> None:
    """What comes later is in front of the newest, and moves nothing behind the cursor."""
    record(cloud, *(a_new(number) for number in range(4)))
    before = listed(cloud)
    page = cloud.deliveries.list(TENANT, Selection(), limit=2)
    record(cloud, *(a_new(n, created_at="2026-11-21T00:00:00.000Z") for n in range(10, 14)))

    rest = cloud.deliveries.list(TENANT, Selection(), limit=9, after=page.after)
    assert [each.id for each in (*page.items, *rest.items)] == before


def test_a_call_looks_at_a_bounded_part_of_the_log(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that finds next to nothing must not make one call read everything."""
    monkeypatch.setattr(delivery_log, "LOOK_AT", 2)
    for number in range(30):
        record(cloud, a_new(number, created_at=f"2026-11-20T13:04:{number:02d}.000Z"))
    record(cloud, a_new(99, topic="metric.rare", created_at="2026-11-20T13:00:00.000Z"))

    first = cloud.deliveries.list(TENANT, Selection(topic="metric.rare"))

    assert (first.items, first.after is None) == ((), False)
    assert listed(cloud, Selection(topic="metric.rare")) == [a_new(99).id]


def test_an_events_deliveries_are_computed(cloud: Cloud) -> None:
    """By the hash of event and webhook; what functions made more of is in an index."""
    webhooks = [a_webhook(id=f"whk_{number}") for number in range(5)]
    ids_of = [ids.delivery_id(TENANT, "evt_1", each.id) for each in webhooks]
    plain = [
        a_new(1, id=ids_of[number], webhook_id=f"whk_{number}", topic=TOPICS[number % 2])
        for number in range(4)
    ]
    extra = a_new(1, id=ids.delivery_id(TENANT, "evt_1", "whk_1", 1))
    record(cloud, *plain, extra, a_new(2))
    lists = ListDeliveries(deliveries=cloud.deliveries, webhooks=_Webhooks(*webhooks))

    def of_event(limit: int, **wanted: Any) -> list[str]:
        found: list[str] = []
        after = None
        while True:
            page = lists(TENANT, Selection(event_id="evt_1", **wanted), after=after, limit=limit)
            assert len(page.items) <= limit
            found += [each.id for each in page.items]
            after = page.after
            if after is None:
                return sorted(found)

    everything = sorted([each.id for each in plain] + [extra.id])
    assert [everything] * 3 == [of_event(1), of_event(4), of_event(50)]
    assert of_event(50, topic=TOPICS[1]) == sorted([ids_of[1], ids_of[3]])
    assert of_event(50, webhook_id="whk_1") == sorted([ids_of[1], extra.id])
    assert of_event(50, status=Status.DEAD) == []


def test_nothing_that_arrives_is_in_an_index(cloud: Cloud) -> None:
    """Each index would bill every delivery once more."""
    record(cloud, a_new(1))
    item = cloud.deliveries.table.get({"pk": a_new(1).id})

    assert item is not None
    assert not [name for name in item if name.endswith("_pk") or name in ("list_sk", "due_shard")]


class _Webhooks(MemoryWebhooks):
    """Pages of them."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Webhook]:
        """A page by id."""
        every = sorted(each.id for each in self.by_id.values() if each.tenant == tenant)
        behind = [each for each in every if each > (after or "")]
        shown = tuple(self.by_id[each] for each in behind[:limit])
        return Page(items=shown, after=shown[-1].id if len(behind) > limit else None)


batches = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(WEBHOOKS), st.sampled_from(TOPICS), st.sampled_from(["done", "dead"])
        ),
        min_size=1,
        max_size=12,
    ),
    max_size=6,
)
selections = st.builds(
    Selection,
    webhook_id=st.sampled_from([None, *WEBHOOKS]),
    topic=st.sampled_from([None, *TOPICS]),
    status=st.sampled_from([None, Status.DELIVERED]),
    since=st.sampled_from([None, "2026-11-20T13:04:01.000Z"]),
    until=st.sampled_from([None, "2026-11-20T13:04:03.000Z"]),
)


@settings(max_examples=25)
@given(batches=batches, selection=selections, limit=st.integers(1, 7), dice=st.randoms())
def test_a_listing_is_the_set_of_the_records(
    batches: list[list[tuple[str, str, str]]], selection: Selection, limit: int, dice: Any
) -> None:
    """Each once, in both directions, whatever was announced in vain or announced again."""
    with in_process() as cloud:
        there: list[Delivery] = []
        for second, batch in enumerate(batches):
            made = [
                a_new(
                    100 * second + number,
                    webhook_id=webhook_id,
                    topic=topic,
                    status=Status.DELIVERED if end == "done" else Status.DEAD,
                    created_at=f"2026-11-20T13:04:{second // 2:02d}.000Z",
                )
                for number, (webhook_id, topic, end) in enumerate(batch)
            ]
            killed = dice.randrange(len(made) + 1)
            on = cloud.deliveries.announce(made)
            for each in made[:killed]:
                cloud.deliveries.add(replace(each, page=on[each.id]))
            if dice.random() < 0.5 and made[killed:]:  # the messages come again, some of them twice
                again = [replace(each, created_at="2026-11-20T13:04:03.000Z") for each in made]
                record(cloud, *again)
                made = made[:killed] + again[killed:]
            else:
                made = made[:killed]
            there += made

        newest = listed(cloud, selection, limit=limit)
        oldest = listed(cloud, selection, limit=limit, oldest_first=True)

    assert oldest == newest[::-1]
    assert sorted(newest) == sorted(each.id for each in there if selection.takes(each))
    when = {each.id: each.created_at for each in there}
    assert [when[each] for each in oldest] == sorted(when[each] for each in oldest)
