"""What one release has stored, the next one reads and migrates, and the one before reads on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.core.warehouse.plan import Load
from runtime.stores.migrations.loads_in_time import LoadsInTime
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.syncs import Syncs
from runtime.wiring import migrations
from tests.builders import a_sync
from tests.cloud import Cloud, in_process
from tests.upgrade import installation, releases
from tests.upgrade.installation import LOADS, PREFIX, TENANT
from tests.upgrade.releases import Release


@pytest.fixture(scope="module")
def this() -> Release:
    """This release."""
    return Release(releases.ROOT)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The release before this one."""
    return releases.checked_out(releases.last_tag(), tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def first_tables(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the last commit without migrations has stored."""
    folder = tmp_path_factory.mktemp("first")
    return releases.checked_out(releases.FIRST, folder).run("write")


@pytest.fixture
def cloud(first_tables: str) -> Iterator[Cloud]:
    """An installation with that data, and the code of this release."""
    with in_process() as account:
        upgraded = Cloud(clients=account.clients, prefix=PREFIX)
        installation.make_tables(upgraded)
        installation.fill(upgraded, installation.from_text(first_tables))
        yield upgraded


def alike(written: Any, read: Any) -> None:
    """See that two releases read the same: each field that both have has one value."""
    assert written.keys() == read.keys()
    for name, record in written.items():
        shared = record.keys() & read[name].keys()
        assert {field: record[field] for field in shared} == {
            field: read[name][field] for field in shared
        }, name


def records(text: str) -> dict[str, Any]:
    """The records but the loads, which `TestLoadsInTime` is about."""
    read: dict[str, Any] = json.loads(text)
    return {name: record for name, record in read.items() if not name.startswith("load ")}


def test_this_release_reads_what_the_one_before_has_stored(before: Release, this: Release) -> None:
    """A deployment must not wait for a migration."""
    tables = before.run("write")

    alike(records(before.run("read", tables)), records(this.run("read", tables)))


def test_the_release_before_reads_what_this_one_has_stored(before: Release, this: Release) -> None:
    """A rollback finds all that came meanwhile."""
    tables = this.run("write")

    alike(records(this.run("read", tables)), records(before.run("read", tables)))


def listed(cloud: Cloud) -> list[Load]:
    """The loads of the sync, as the API lists them."""
    ledger = Ledger(table=installation.ledger(cloud))
    return list(ledger.runs(TENANT, a_sync().id).items)


def migrate(cloud: Cloud) -> int:
    """Migrate the installation; returns how many records were changed."""
    command = migrations.build(
        cloud.clients.tables,
        config_table=cloud.config.table.name,
        ledger_table=installation.ledger(cloud).name,
    )
    return sum(each.changed for each in command() if each.finished_at is not None)


class TestLoadsInTime:
    """Migration 1."""

    def test_loads_of_before_are_listed_in_order_of_time(self, cloud: Cloud) -> None:
        """They are missing until it is applied; applied again, it changes nothing."""
        assert [] == listed(cloud)

        assert (LOADS, 0) == (migrate(cloud), migrate(cloud))

        assert [installation.load(number) for number in (3, 2, 1)] == listed(cloud)

    def test_a_load_that_is_open_goes_on(self, cloud: Cloud) -> None:
        """A second load of its batches would be another transaction."""
        migrate(cloud)

        lease = Ledger(table=installation.ledger(cloud)).acquire(
            TENANT, a_sync().id, now_ms=10**15, lease_ms=1
        )

        assert installation.load(LOADS) == lease.load

    def test_a_load_that_was_made_meanwhile_stays_the_open_one(self, cloud: Cloud) -> None:
        """A sync runs between the deployment and the migration."""
        ledger, sync_id = Ledger(table=installation.ledger(cloud)), a_sync().id
        newer = installation.load(LOADS + 1)
        lease = ledger.acquire(TENANT, sync_id, now_ms=1000, lease_ms=1)
        ledger.save(lease, newer)
        ledger.release(lease)

        migrate(cloud)

        taken = ledger.acquire(TENANT, sync_id, now_ms=10**15, lease_ms=1)
        assert newer == taken.load
        assert LOADS + 1 == len(listed(cloud))

    def test_it_goes_on_wherever_it_was_stopped(self, cloud: Cloud) -> None:
        """Each load is one transaction, and a page of one load is the smallest there is."""
        step = LoadsInTime(
            syncs=Syncs(config=cloud.config),
            ledger=Ledger(table=installation.ledger(cloud)),
            clock=lambda: datetime.now(UTC),
            at_once=1,
        )
        pages = [step(None)]
        while pages[-1].cursor is not None:
            again = step(pages[-1].cursor)  # as if the record of the page before were lost
            pages.append(again)

        assert (LOADS, 1) == (sum(p.changed for p in pages), sum(p.looked_at for p in pages))
        assert LOADS == len(listed(cloud))
