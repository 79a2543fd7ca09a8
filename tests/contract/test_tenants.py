"""Whether there are several tenants, as a warm worker knows it."""

from runtime.freshness import Known
from runtime.stores.tenancy.tenants import FRESH_S, Tenants
from tests.builders import NOW
from tests.cloud import Cloud
from tests.doubles import FakeClock


def test_one_tenant_is_not_several_and_a_second_is_known_after_a_minute(cloud: Cloud) -> None:
    """A worker asks no more often than that."""
    tenants, clock = Tenants(config=cloud.config), FakeClock()
    are_several = Known(read=tenants.are_several, for_s=FRESH_S, clock=clock)
    tenants.ensure("acme", created_at=NOW)
    assert not are_several()

    tenants.ensure("globex", created_at=NOW)
    clock.advance(FRESH_S - 0.1)
    assert not are_several()
    clock.advance(0.1)
    assert are_several()
