"""Create a tenant with its first API key; an installation gets its first tenant this way, too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core import timestamps
from runtime.core.events import envelope
from runtime.core.tenancy.api_key import ADMIN, SCOPES
from runtime.usecases.tenancy.create_api_key import CreateApiKey, IssuedKey


class Tenants(Protocol):
    """Where tenants are listed."""

    def add(self, tenant: str, *, created_at: str) -> None:
        """List a new tenant; raises Conflict when it is listed already."""

    def ensure(self, tenant: str, *, created_at: str) -> None:
        """List a tenant unless it is listed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTenant:
    """Makes tenants."""

    tenants: Tenants
    create_api_key: CreateApiKey
    clock: Callable[[], datetime]

    def __call__(self, tenant: str) -> IssuedKey:
        """The new tenant's first key, with every scope but admin.

        Raises:
            BadInput: code `bad_tenant`.
            Conflict: code `tenant_exists`.
        """
        envelope.check_tenant(tenant)
        self.tenants.add(tenant, created_at=timestamps.timestamp(self.clock()))
        return self.create_api_key.issue(tenant, name="first key", scopes=SCOPES)

    def bootstrap(self, tenant: str) -> IssuedKey:
        """A new admin key for `tenant`, which is listed if it was not. It needs AWS credentials.

        Raises:
            BadInput: code `bad_tenant`.
        """
        envelope.check_tenant(tenant)
        self.tenants.ensure(tenant, created_at=timestamps.timestamp(self.clock()))
        return self.create_api_key.issue(tenant, name="bootstrap", scopes=(ADMIN, *SCOPES))
