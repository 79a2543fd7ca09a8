"""A local cloud whose warehouse is killed while it loads: each row is there once all the same."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from cli._connection import Connection
from cli.client import Client
from infra.demo.patience import Patience
from infra.demo.warehouse import Warehouse, of_local_cloud
from infra.local import cloud, emulator
from infra.local.cloud import Options
from infra.local.place import SCRATCH, Place
from infra.local.state import LocalCloud, Phase

KILLS: Final = 3
EVENTS: Final = 500  # that are new at each kill
BATCH: Final = 100
PATIENCE_S: Final = 300.0
ASK_AGAIN_S: Final = 5.0  # until a load has begun that finds the new events in the archive
LOOK_S: Final = 0.001  # between two looks whether it copies; a copy takes some hundredths


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder for a cloud of this test alone."""
    made = Place(tmp_path / "cloud")
    yield made
    cloud.down(made)


@pytest.mark.chaos
def test_a_warehouse_that_is_killed_while_it_copies_has_each_row_once(place: Place) -> None:
    """A load is one transaction: what was cut short is undone, and made again."""
    local = cloud.up(Options(), place=place, say=lambda _line: None)
    patience = Patience(PATIENCE_S)
    with httpx.HTTPTransport() as transport:
        api = Client(
            Connection(url=local.api_url, key=local.api_key, origin="a test"), transport=transport
        )
        sync = api.post("/v1/syncs", {"name": "warehouse", "kind": "redshift"})["id"]
        for number in range(KILLS):
            for start in range(0, EVENTS, BATCH):
                api.post("/v1/events", {"events": _events(number, start)})
            kill_while_it_copies(place, api, sync, patience)
            assert Phase.HALF_DEAD is cloud.status(place).phase
            assert local == cloud.up(Options(), place=place, say=lambda _line: None)

        warehouse = _warehouse(local)

        def is_loaded() -> bool:
            if not warehouse.is_empty() and warehouse.events() == KILLS * EVENTS:
                return True
            api.post(f"/v1/syncs/{sync}/run")
            return False

        assert patience.until(is_loaded)
    assert 0 == warehouse.repeated_events()


def kill_while_it_copies(place: Place, api: Client, sync: str, patience: Patience) -> None:
    """Ask for loads until one copies, and end the warehouse's process at that moment."""
    asked_s = 0.0
    while not any(place.data.glob(f"{SCRATCH}*/*/*")):
        assert patience.left_s > 0
        if time.monotonic() - asked_s > ASK_AGAIN_S:
            api.post(f"/v1/syncs/{sync}/run")
            asked_s = time.monotonic()
        threading.Event().wait(LOOK_S)
    [running] = [each for each in cloud.status(place).processes if each.name == "redshift"]
    os.kill(running.pid, signal.SIGKILL)
    assert patience.until(lambda: cloud.status(place).phase is Phase.HALF_DEAD)


def _events(number: int, start: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"evt_{number}_{each}",
            "topic": "metric.placed_order",
            "profile": {"external_id": f"c-{each}"},
            "properties": {"value": each, "note": "x" * 500},
        }
        for each in range(start, start + BATCH)
    ]


def _warehouse(local: LocalCloud) -> Warehouse:
    session = emulator.root()
    return of_local_cloud(local, session)
