"""The composition root of `sync`."""

from datetime import timedelta

import pytest

from runtime import settings
from runtime.core.warehouse.sync import DestinationKind
from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse
from runtime.wiring import parts, sync
from tests.doubles import Journal


@pytest.mark.parametrize("days", [1, 29, 365])
def test_a_new_sync_begins_with_what_the_installation_keeps(
    monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """The bucket's rule has the same parameter: a sync that looks further back finds nothing."""
    for name in ("CONFIG_TABLE", "LEDGER_TABLE", "BUCKET", "BUS"):
        monkeypatch.setenv(f"PENSTOCK_{name}", name.lower())
    monkeypatch.setenv("PENSTOCK_RETENTION_DAYS", str(days))

    assert _syncs().raw_kept == timedelta(days=days) - parts.READ_WITHIN


def test_every_kind_of_sync_has_a_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that the API takes and the schedule cannot load would fail each hour."""
    for name in ("CONFIG_TABLE", "LEDGER_TABLE", "BUCKET", "BUS"):
        monkeypatch.setenv(f"PENSTOCK_{name}", name.lower())

    destinations = _syncs().destinations

    assert set(DestinationKind) == destinations.keys()
    assert {"1.3", "3.3"} == {each.versions for each in destinations.values()}
    assert [kind for kind in DestinationKind if destinations[kind].unseen] == [
        kind for kind in DestinationKind if kind.has_tables
    ]


def test_every_kind_of_sync_with_tables_can_be_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API takes the refresh of any of them, and a kind that is missing would never end."""
    for name in ("CONFIG_TABLE", "LEDGER_TABLE", "BUCKET", "BUS"):
        monkeypatch.setenv(f"PENSTOCK_{name}", name.lower())
    installation = settings.load()

    anew = sync.refresher(parts.clients(installation), installation, journal=Journal())

    assert {kind for kind in DestinationKind if kind.has_tables} == anew.warehouses.keys()


def _syncs() -> SyncWarehouse:
    installation = settings.load()
    return sync.syncs(parts.clients(installation), installation, journal=Journal())
