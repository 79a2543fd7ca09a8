"""Quotas of tenants, as they are stored and counted."""

from itertools import count

import pytest

from runtime.core.usage.quotas import Metered, Quotas
from runtime.errors import QuotaExceeded
from runtime.stores.usage.quotas import FRESH_S, DayQuotas
from tests.cloud import Cloud
from tests.doubles import FakeClock

_TENANTS = count(1)


@pytest.fixture
def tenant() -> str:
    """One that nobody has counted for."""
    return f"quota-{next(_TENANTS)}"


def quotas(cloud: Cloud, clock: FakeClock) -> DayQuotas:
    """Those of an installation, in a process that knows none yet."""
    return DayQuotas(config=cloud.config, clock=clock)


def test_without_a_quota_nothing_is_counted(cloud: Cloud, tenant: str) -> None:
    """Whoever sets none pays for no write."""
    each = quotas(cloud, FakeClock())

    assert 1000 == each.take(tenant, Metered.RUNS, count=1000)
    each.claim(tenant, Metered.EVENTS, count=1000)

    assert {} == each.used(tenant)


def test_a_batch_gets_as_much_as_is_left(cloud: Cloud, tenant: str) -> None:
    """Also when several workers take at once: the count is one item's."""
    clock = FakeClock()
    one, other = quotas(cloud, clock), quotas(cloud, clock)
    one.put(tenant, Quotas(deliveries_per_day=15))

    taken = [each.take(tenant, Metered.DELIVERIES, count=10) for each in (one, other, one)]

    assert [10, 5, 0] == taken
    assert {Metered.DELIVERIES: 30} == one.used(tenant)


def test_a_call_gets_all_or_nothing(cloud: Cloud, tenant: str) -> None:
    """Its caller must know which events to send again: all of them."""
    each = quotas(cloud, FakeClock())
    each.put(tenant, Quotas(events_per_day=15))

    each.claim(tenant, Metered.EVENTS, count=10)
    with pytest.raises(QuotaExceeded):
        each.claim(tenant, Metered.EVENTS, count=6)
    each.claim(tenant, Metered.EVENTS, count=5)

    assert {Metered.EVENTS: 15} == each.used(tenant)
    with pytest.raises(QuotaExceeded):
        each.claim(tenant, Metered.EVENTS, count=1)


def test_a_quota_of_nothing_takes_nothing(cloud: Cloud, tenant: str) -> None:
    """So an admin stops a tenant that floods."""
    each = quotas(cloud, FakeClock())
    each.put(tenant, Quotas(events_per_day=0, runs_per_day=0))

    with pytest.raises(QuotaExceeded):
        each.claim(tenant, Metered.EVENTS, count=1)
    assert 0 == each.take(tenant, Metered.RUNS, count=1)


def test_a_day_begins_at_midnight_in_utc_with_nothing_used(cloud: Cloud, tenant: str) -> None:
    """And the refusal says how long that is."""
    clock = FakeClock("2026-11-20T23:59:00.000Z")
    each = quotas(cloud, clock)
    each.put(tenant, Quotas(events_per_day=1))
    each.claim(tenant, Metered.EVENTS, count=1)

    with pytest.raises(QuotaExceeded, match=r"2026-11-21T00:00:00\.000Z") as refusal:
        each.claim(tenant, Metered.EVENTS, count=1)

    clock.advance(refusal.value.retry_after_s)
    each.claim(tenant, Metered.EVENTS, count=1)


def test_a_change_reaches_a_warm_worker_after_five_seconds(cloud: Cloud, tenant: str) -> None:
    """An admin who raises a quota need not restart anything."""
    clock = FakeClock()
    worker, admin = quotas(cloud, clock), quotas(cloud, clock)
    admin.put(tenant, Quotas(runs_per_day=1))
    assert 1 == worker.take(tenant, Metered.RUNS, count=2)

    admin.put(tenant, Quotas())
    clock.advance(FRESH_S)

    assert 2 == worker.take(tenant, Metered.RUNS, count=2)
