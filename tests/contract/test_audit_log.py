"""The audit log in the real store: written once, ended once, listed by time."""

from dataclasses import replace

import pytest

from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ChangeOutcome
from runtime.core.audit.selection import Selection
from runtime.core.timestamps import of_epoch_ms
from runtime.errors import NotFound
from runtime.stores.tables import shards
from tests.audit import an_entry
from tests.builders import NOW, NOW_MS, TENANT
from tests.cloud import Cloud

ENTRY = an_entry()
DUE_MS = entries.due_at_ms(NOW)


def due(cloud: Cloud, *, now_ms: int = DUE_MS) -> list[entries.Entry]:
    """What the sweep finds."""
    return [
        entry
        for shard in shards.AUDIT_SHARDS
        for entry in cloud.audit.due(shard=shard, now_ms=now_ms, limit=10)
    ]


def test_an_entry_is_stored_as_it_is(cloud: Cloud) -> None:
    """Also one that names no key, no thing and no call."""
    bare = an_entry(unique="b" * 17, actor_id=None, resource_id=None, request_id=None, before=None)
    done = entries.done(bare, resource_id=None, before={"a": 1}, after={"a": [None, 2.0]}, now=NOW)

    for entry in (ENTRY, done):
        cloud.audit.add(entry)
        assert entry == cloud.audit.get(TENANT, entry.id)


def test_an_entry_is_ended_once(cloud: Cloud) -> None:
    """Of a slow call and the sweep, the first one says what came of the change."""
    cloud.audit.add(ENTRY)
    first = entries.unknown(ENTRY, code="abandoned", now=NOW)
    second = entries.refused(ENTRY, code="webhook_not_found", now=NOW)

    assert [True, False] == [cloud.audit.end(first), cloud.audit.end(second)]
    cloud.audit.add(ENTRY)  # a repeat of the first write does not open it again

    assert first == cloud.audit.get(TENANT, ENTRY.id)


def test_an_entry_without_a_beginning_is_not_ended(cloud: Cloud) -> None:
    """An end that nobody began would be an entry out of nothing."""
    assert not cloud.audit.end(entries.refused(ENTRY, code="x", now=NOW))
    assert cloud.audit.find(TENANT, ENTRY.id) is None


def test_the_sweep_finds_an_entry_until_its_tenant_has_been_told(cloud: Cloud) -> None:
    """Neither an end nor its event can be lost; and not before the call has had its time."""
    cloud.audit.add(ENTRY)
    assert [] == due(cloud, now_ms=DUE_MS - 1)
    assert [ENTRY] == due(cloud)

    ended = entries.refused(ENTRY, code="x", now=NOW)
    cloud.audit.end(ended)
    assert [ended] == due(cloud)

    cloud.audit.note_told(ended)
    assert [] == due(cloud)
    assert replace(ended, due_at_ms=None) == cloud.audit.get(TENANT, ENTRY.id)


def test_a_note_about_an_entry_that_has_expired_makes_none(cloud: Cloud) -> None:
    """Half an entry could not be read."""
    cloud.audit.note_told(ENTRY)

    assert cloud.audit.find(TENANT, ENTRY.id) is None


def test_another_tenants_entry_is_none(cloud: Cloud) -> None:
    """Not even its existence is anybody else's business."""
    cloud.audit.add(ENTRY)

    with pytest.raises(NotFound, match="audit log"):
        cloud.audit.get("globex", ENTRY.id)
    assert () == cloud.audit.list("globex", Selection()).items


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [4, 3, 2, 1, 0]),
        (Selection(since=of_epoch_ms(NOW_MS + 3)), [4, 3]),
        (Selection(until=of_epoch_ms(NOW_MS + 1)), [1, 0]),
        (Selection(since=of_epoch_ms(NOW_MS + 1), until=of_epoch_ms(NOW_MS + 1)), [1]),
        (Selection(since=of_epoch_ms(NOW_MS + 3), until=of_epoch_ms(NOW_MS)), []),
        (Selection(since="0001-01-01T00:00:00Z", until="9999-12-31T00:00:00Z"), [4, 3, 2, 1, 0]),
        (Selection(actor_id="key_2"), [3]),
        (Selection(action="webhook.updated"), [4, 1, 0]),
        (Selection(action="secret.*"), [2]),
        (Selection(resource_id="vip"), [3, 2]),  # and what is named after it, but not `vip-2`
        (Selection(outcome=ChangeOutcome.REFUSED), [4]),
        (Selection(action="webhook.*", outcome=ChangeOutcome.STARTED), [1, 0]),
    ],
)
def test_entries_are_listed_by_what_they_have_in_common(
    cloud: Cloud, selection: Selection, numbers: list[int]
) -> None:
    """Who changed this, and what else did they do?"""
    named = {
        0: {},
        1: {"resource_id": "vip-2"},
        2: {"action": "secret.set", "resource_id": "vip/TOKEN"},
        3: {"action": "function.published", "resource_id": "vip", "actor_id": "key_2"},
        4: {"outcome": ChangeOutcome.REFUSED, "code": "x"},
    }
    by_id = {}
    for number, changes in named.items():
        entry = an_entry(at_ms=NOW_MS + number, **changes)
        by_id[entry.id] = number
        cloud.audit.add(entry)

    assert numbers == [by_id[entry.id] for entry in cloud.audit.list(TENANT, selection).items]


def test_a_listing_goes_on_where_it_stopped(cloud: Cloud) -> None:
    """Entries of the same millisecond too: each comes once."""
    every = [an_entry(unique=letter * 17) for letter in "abcde"]
    for entry in every:
        cloud.audit.add(entry)

    first = cloud.audit.list(TENANT, Selection(), limit=2)
    rest = cloud.audit.list(TENANT, Selection(), limit=9, after=first.after)

    assert list(reversed(every)) == [*first.items, *rest.items]
    assert rest.after is None
