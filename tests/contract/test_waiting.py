"""What waits is listed by the index that the sweep reads: the next due first, and nobody else's."""

from dataclasses import replace
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core.deliveries.delivery import Delivery, Selection, Status
from runtime.stores.deliveries import waiting
from runtime.stores.tables import shards
from tests.builders import NOW_MS, TENANT, a_delivery
from tests.cloud import Cloud, in_process

# Another tenant whose deliveries lie in the same shards.
NEIGHBOUR: Final = next(
    name
    for name in (f"tenant-{number}" for number in count())
    if shards.delivery_shards(name) == shards.delivery_shards(TENANT)
)
WEBHOOKS: Final = ("whk_1", "whk_2")
TOPICS: Final = ("metric.a", "metric.b")


def one_waiting(number: int, **changes: Any) -> Delivery:
    """A delivery that is due `number` seconds from now."""
    wanted = {"id": f"dlv_{number:02d}", "due_at_ms": NOW_MS + 1000 * number} | changes
    return a_delivery(**wanted)


def pending(**wanted: Any) -> Selection:
    """Those that wait, and of them only these."""
    return Selection(status=Status.PENDING, **wanted)


def listed(cloud: Cloud, selection: Selection | None = None, *, limit: int = 2) -> list[str]:
    """Every id, page after page."""
    found: list[str] = []
    after = None
    while True:
        page = cloud.deliveries.list(TENANT, selection or pending(), after=after, limit=limit)
        assert len(page.items) <= limit
        found += [each.id for each in page.items]
        after = page.after
        if after is None:
            return found


def test_the_next_due_comes_first(cloud: Cloud) -> None:
    """Whichever shard it lies in."""
    for number in (7, 2, 9, 0, 4, 1, 8, 3, 6, 5):
        cloud.deliveries.add(one_waiting(number))

    assert listed(cloud) == [f"dlv_{number:02d}" for number in range(10)]


def test_a_listing_is_of_one_tenant(cloud: Cloud) -> None:
    """Tenants share shards, and nothing else."""
    for number in range(20):
        cloud.deliveries.add(one_waiting(number, tenant=NEIGHBOUR if number % 2 else TENANT))

    assert listed(cloud) == [f"dlv_{number:02d}" for number in range(0, 20, 2)]


def test_a_listing_keeps_to_all_that_is_asked(cloud: Cloud) -> None:
    """By webhook, topic and age, alone and together."""
    for number in range(12):
        cloud.deliveries.add(
            one_waiting(
                number,
                webhook_id=f"whk_{number % 2}",
                topic=f"metric.t{number % 3}",
                created_at=f"2026-11-20T13:04:{number:02d}.000Z",
            )
        )
    at = "2026-11-20T13:04:{}.000Z".format

    def numbers(**wanted: Any) -> list[int]:
        return [int(each[-2:]) for each in listed(cloud, pending(**wanted))]

    assert numbers(webhook_id="whk_1") == [1, 3, 5, 7, 9, 11]
    assert numbers(topic="metric.t2", webhook_id="whk_0") == [2, 8]
    assert numbers(since=at("03"), until=at("05")) == [3, 4, 5]
    assert numbers(since=at("05"), until=at("03")) == []  # which DynamoDB refuses as a BETWEEN
    assert numbers(until=at("04"), topic="metric.t1") == [1, 4]
    assert numbers(since=at("09"), webhook_id="whk_0") == [10]


def test_what_waits_no_longer_is_not_listed(cloud: Cloud) -> None:
    """However it ended."""
    ends = (Status.DELIVERED, Status.DEAD, Status.SKIPPED)
    for number, status in enumerate(ends):
        was = one_waiting(number)
        cloud.deliveries.add(was)
        cloud.deliveries.replace(was, replace(was, status=status, due_at_ms=None))
    cloud.deliveries.add(one_waiting(9))

    assert listed(cloud) == ["dlv_09"]


def test_what_waits_is_in_the_due_index_alone(cloud: Cloud) -> None:
    """Each further index would bill it once when it begins to wait, and once when it ends."""
    cloud.deliveries.add(a_delivery())
    item = cloud.deliveries.table.get({"pk": a_delivery().id})

    assert item is not None
    assert [name for name in item if name.endswith("_pk") or name == "list_sk"] == []
    assert {"due_shard", "due_at_ms"} <= item.keys()


def test_what_is_settled_between_two_pages_moves_nothing(cloud: Cloud) -> None:
    """The cursor stands behind a delivery that is not there any more."""
    every = [one_waiting(number) for number in range(8)]
    for each in every:
        cloud.deliveries.add(each)
    first = cloud.deliveries.list(TENANT, pending(), limit=3)
    for each in first.items:
        cloud.deliveries.replace(each, replace(each, status=Status.DELIVERED, due_at_ms=None))

    rest = cloud.deliveries.list(TENANT, pending(), after=first.after, limit=9)

    assert [each.id for each in (*first.items, *rest.items)] == [each.id for each in every]
    assert rest.after is None


def test_what_comes_while_the_pages_are_read_is_listed_if_it_is_due_later(cloud: Cloud) -> None:
    """A shard that was read to its end is looked at again from there."""
    cloud.deliveries.add(one_waiting(1))
    cloud.deliveries.add(one_waiting(2))
    first = cloud.deliveries.list(TENANT, pending(), limit=1)
    for number in range(3, 9):
        cloud.deliveries.add(one_waiting(number))

    rest = cloud.deliveries.list(TENANT, pending(), after=first.after, limit=9)

    assert [each.id for each in rest.items] == [f"dlv_{number:02d}" for number in range(2, 9)]


def test_a_call_looks_at_a_bounded_part_of_the_shards(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A neighbour's backlog must not make one call read everything; its ids are not for us."""
    monkeypatch.setattr(waiting, "LOOK_AT", 2)
    monkeypatch.setattr(waiting, "MAX_LOOKS", 4)
    for number in range(40):
        cloud.deliveries.add(one_waiting(number, id=f"dlv_n{number}", tenant=NEIGHBOUR))
    cloud.deliveries.add(one_waiting(50))

    page = cloud.deliveries.list(TENANT, pending())

    assert page.items == ()
    assert page.after is not None
    assert "dlv" not in page.after
    assert listed(cloud) == ["dlv_50"]


def test_more_of_one_moment_than_a_look_holds_are_passed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep puts hundreds off to the same millisecond, and a reading cannot stop among them."""
    monkeypatch.setattr(waiting, "LOOK_AT", 2)
    monkeypatch.setattr(waiting, "MAX_LOOKS", 1)
    names = [f"dlv_{number:02d}" for number in range(30)]
    for name in names:
        cloud.deliveries.add(one_waiting(1, id=name))
        cloud.deliveries.add(one_waiting(1, id=f"{name}n", tenant=NEIGHBOUR))

    assert sorted(listed(cloud)) == names


entries = st.lists(
    st.tuples(
        st.sampled_from([TENANT, TENANT, NEIGHBOUR]),
        st.integers(0, 6),  # few times: many are due at the same one
        st.sampled_from(WEBHOOKS),
        st.sampled_from(TOPICS),
    ),
    max_size=40,
)
selections = st.builds(
    pending,
    webhook_id=st.sampled_from([None, *WEBHOOKS]),
    topic=st.sampled_from([None, *TOPICS]),
)


@settings(max_examples=40)
@given(
    entries=entries,
    selection=selections,
    limit=st.integers(1, 7),
    look_at=st.integers(1, 5),
    max_looks=st.integers(1, 9),
)
def test_a_listing_is_the_set_of_what_waits(
    entries: list[tuple[str, int, str, str]],
    selection: Selection,
    limit: int,
    look_at: int,
    max_looks: int,
) -> None:
    """Each once, in the order of time, wherever looks and pages end."""
    with in_process() as cloud, pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "LOOK_AT", look_at)
        patch.setattr(waiting, "MAX_LOOKS", max_looks)
        there: list[Delivery] = []
        for number, (tenant, seconds, webhook_id, topic) in enumerate(entries):
            each = one_waiting(
                seconds, id=f"dlv_{number}", tenant=tenant, webhook_id=webhook_id, topic=topic
            )
            cloud.deliveries.add(each)
            there.append(each)
        found = listed(cloud, selection, limit=limit)

    mine = {each.id: each for each in there if each.tenant == TENANT and selection.takes(each)}
    assert sorted(found) == sorted(mine)
    times = [mine[each].due_at_ms or 0 for each in found]
    assert times == sorted(times)
