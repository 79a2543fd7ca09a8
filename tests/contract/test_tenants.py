"""Whether there are several tenants, as a warm worker knows it."""

import pytest

from runtime.stores.tenancy.tenants import FRESH_S, KnownTenants, Tenants
from tests.builders import NOW
from tests.cloud import Cloud
from tests.doubles import FakeClock


@pytest.fixture
def tenants(cloud: Cloud) -> Tenants:
    """The list of an installation."""
    return Tenants(config=cloud.config)


def test_one_tenant_is_not_several_and_a_second_is_known_after_a_minute(tenants: Tenants) -> None:
    """A worker asks no more often than that."""
    clock = FakeClock()
    known = KnownTenants(stored=tenants, clock=clock)
    tenants.ensure("acme", created_at=NOW)
    assert not known.are_several()

    tenants.ensure("globex", created_at=NOW)
    clock.advance(FRESH_S - 0.1)
    assert not known.are_several()
    clock.advance(0.1)
    assert known.are_several()
