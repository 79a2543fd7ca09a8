"""The switches of an installation, as they are stored and as a warm worker knows them."""

from runtime.core.operations.switches import Switch
from runtime.freshness import Known
from runtime.stores.operations.switches import FRESH_S, StoredSwitches
from tests.cloud import Cloud
from tests.doubles import FakeClock

SINCE = "2026-11-20T13:04:05.000Z"
LATER = "2026-11-20T14:00:00.000Z"


def switches(cloud: Cloud) -> StoredSwitches:
    """Those of an installation on which nothing is paused."""
    stored = StoredSwitches(table=cloud.config.table)
    for switch in Switch:
        stored.resume(switch)
    return stored


def test_each_switch_is_paused_and_resumed_alone(cloud: Cloud) -> None:
    """Who stops deliveries still wants to hear of events."""
    stored = switches(cloud)

    stored.pause(Switch.DELIVERY, at=SINCE)
    assert {Switch.DELIVERY: SINCE} == stored.find().paused_at
    stored.pause(Switch.INTAKE, at=LATER)
    stored.resume(Switch.DELIVERY)
    assert {Switch.INTAKE: LATER} == stored.find().paused_at


def test_what_is_paused_stays_so_since_it_was(cloud: Cloud) -> None:
    """The second of two admins must see for how long things have stood still."""
    stored = switches(cloud)

    stored.pause(Switch.INTAKE, at=SINCE)
    stored.pause(Switch.INTAKE, at=LATER)

    assert {Switch.INTAKE: SINCE} == stored.find().paused_at


def test_a_warm_worker_knows_of_a_change_after_five_seconds(cloud: Cloud) -> None:
    """And asks for it no more often than that."""
    stored, clock = switches(cloud), FakeClock()
    known = Known(read=stored.find, for_s=FRESH_S, clock=clock)
    assert not known().is_paused(Switch.DELIVERY)

    stored.pause(Switch.DELIVERY, at=SINCE)
    clock.advance(FRESH_S - 0.1)
    assert not known().is_paused(Switch.DELIVERY)
    clock.advance(0.1)
    assert known().is_paused(Switch.DELIVERY)
