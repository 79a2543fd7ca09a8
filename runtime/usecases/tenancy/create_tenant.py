"""Create a tenant with its first API key, be it the installation's first or a later one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core import timestamps
from runtime.core.events import envelope
from runtime.core.tenancy.scopes import ADMIN, SCOPES
from runtime.usecases.tenancy.create_api_key import CreateApiKey, IssuedKey


class Tenants(Protocol):
    """The list of tenants."""

    def add(self, tenant: str, *, created_at: str) -> None:
        """Add a new tenant to the list.

        Raises:
            Conflict: code `tenant_exists`.
        """

    def ensure(self, tenant: str, *, created_at: str) -> None:
        """Add a tenant to the list unless it is there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTenant:
    """Makes tenants."""

    tenants: Tenants
    create_api_key: CreateApiKey
    clock: Callable[[], datetime]

    def __call__(self, tenant: str) -> IssuedKey:
        """Create a tenant; returns its first key, which has every scope except `admin`.

        Raises:
            BadInput: code `bad_tenant`.
            Conflict: code `tenant_exists`.
        """
        envelope.check_tenant(tenant)
        self.tenants.add(tenant, created_at=timestamps.timestamp(self.clock()))
        return self.create_api_key.issue(tenant, name="first key", scopes=SCOPES)

    def bootstrap(self, tenant: str) -> IssuedKey:
        """Make an admin key for `tenant`, which is created if it does not exist.

        No API key grants this; whoever calls it needs AWS credentials.

        Raises:
            BadInput: code `bad_tenant`.
        """
        envelope.check_tenant(tenant)
        self.tenants.ensure(tenant, created_at=timestamps.timestamp(self.clock()))
        return self.create_api_key.issue(tenant, name="bootstrap", scopes=(ADMIN, *SCOPES))
