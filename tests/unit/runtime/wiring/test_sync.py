"""The composition root of `sync`."""

import pytest

from runtime.core.warehouse.sync import DestinationKind
from runtime.wiring import sync


def test_every_kind_of_sync_has_a_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that the API takes and the schedule cannot load would fail each hour."""
    for name in ("CONFIG_TABLE", "LEDGER_TABLE", "BUCKET"):
        monkeypatch.setenv(f"PENSTOCK_{name}", name.lower())

    destinations = sync.build().destinations

    assert set(DestinationKind) == destinations.keys()
    assert {"1.3", "2.3"} == {each.versions for each in destinations.values()}
    assert [kind for kind in DestinationKind if destinations[kind].unseen] == [
        kind for kind in DestinationKind if kind.has_tables
    ]
