"""How far migrations have come, and what each of them does to its table."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from runtime.core.migrations.migration import Applied
from runtime.core.warehouse.plan import Load
from runtime.stores.migrations.loads_in_time import LoadsInTime
from runtime.stores.migrations.records import MigrationRecords
from runtime.stores.tables import codec, keys
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse import items
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.syncs import Syncs
from tests.builders import TENANT
from tests.cloud import Cloud
from tests.warehouse_records import a_load, a_sync

NOW: Final = "2026-11-20T13:04:05.123Z"


class TestRecords:
    """One record for each migration."""

    def test_a_migration_begins_once(self, cloud: Cloud) -> None:
        """What another has begun is not begun anew."""
        records = MigrationRecords(config=cloud.config)
        begun = Applied(number=2, name="second", started_at=NOW)

        assert (True, False) == (records.begin(begun), records.begin(begun))
        assert [begun] == list(records.all())

    def test_they_stand_in_their_order(self, cloud: Cloud) -> None:
        """Ten comes behind nine."""
        records = MigrationRecords(config=cloud.config)
        for number in (10, 9, 1):
            records.begin(Applied(number=number, name=f"m{number}", started_at=NOW))

        assert [1, 9, 10] == [each.number for each in records.all()]

    def test_of_two_who_write_one_is_told(self, cloud: Cloud) -> None:
        """Else one would record pages that the other has done."""
        records = MigrationRecords(config=cloud.config)
        begun = Applied(number=1, name="first", started_at=NOW)
        records.begin(begun)

        written = records.replace(begun, replace(begun, cursor="a", changed=3))

        assert replace(begun, cursor="a", changed=3, revision=1) == written
        assert records.replace(begun, replace(begun, cursor="b")) is None
        assert [written] == list(records.all())


class TestLoadsInTime:
    """Migration 1."""

    def test_every_load_of_every_sync_is_moved(self, cloud: Cloud) -> None:
        """Also of a sync that is paused."""
        Tenants(config=cloud.config).ensure(TENANT, created_at=NOW)
        syncs, ledger = Syncs(config=cloud.config), Ledger(table=cloud.table("ledger", sort="sk"))
        loads = [
            a_load(sync_id=sync_id, load_id=str(number) * 32, started_at=NOW.replace("05", second))
            for sync_id in ("syn_1", "syn_2")
            for number, second in enumerate(("07", "06"))
        ]
        syncs.add(a_sync())
        syncs.add(a_sync(id="syn_2", enabled=False))
        ledger.table.put_many(map(by_id, loads))
        step = LoadsInTime(syncs=syncs, ledger=ledger, clock=lambda: datetime.now(UTC))

        first = step(None)
        second = step(first.cursor)

        assert [(1, 2), (1, 2)] == [(page.looked_at, page.changed) for page in (first, second)]
        assert second.cursor is None
        for sync_id in ("syn_1", "syn_2"):
            listed = ledger.runs(TENANT, sync_id).items
            assert tuple(each for each in loads if each.sync_id == sync_id) == listed


def by_id(record: Load) -> codec.Item:
    """The item of a load that the migration has not moved."""
    key = {
        "pk": keys.loads_of(record.tenant, record.sync_id),
        "sk": f"{keys.LOADS_BY_ID}{record.load_id}",
    }
    return {**items.load_item(record), **codec.key(key), "fence": codec.scalar(1)}
