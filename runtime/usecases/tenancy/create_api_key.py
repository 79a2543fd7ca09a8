"""Create an API key. The key itself is returned once and never stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.timestamps import timestamp
from runtime.core.webhooks import rules


class Keys(Protocol):
    """Stores keys."""

    def add(self, key: ApiKey) -> None:
        """Store a new key."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def get(self, tenant: str, webhook_id: str) -> object:
        """One webhook.

        Raises:
            NotFound: code `webhook_not_found`.
        """


class IssuedKey(NamedTuple):
    """A key that was just made."""

    record: ApiKey
    key: str  # the key itself, which its owner sends; it is shown once and never stored


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApiKey:
    """Makes keys for a tenant."""

    keys: Keys
    webhooks: Webhooks
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]

    def __call__(
        self,
        granted_by: ApiKey,
        *,
        name: str,
        scopes: tuple[str, ...],
        webhook_id: str | None,
        expires_at: str | None,
    ) -> IssuedKey:
        """Make a key for the tenant of the granting key.

        Raises:
            BadInput: the name, a scope or the end is refused.
            Forbidden: code `scope_not_held`: the granting key lacks a scope.
            NotFound: code `webhook_not_found`: there is no such webhook to make the key for.
        """
        rules.check_name(name)
        api_key.check_scopes(scopes, granted_by=granted_by)
        if expires_at is not None:
            api_key.check_expiry(expires_at, now=timestamp(self.clock()))
        if webhook_id is not None:
            api_key.check_narrow(scopes)
            self.webhooks.get(granted_by.tenant, webhook_id)
        issued = self.mint(
            granted_by.tenant,
            name=name,
            scopes=scopes,
            webhook_id=webhook_id,
            expires_at=expires_at,
        )
        self.keys.add(issued.record)
        return issued

    def issue(
        self, tenant: str, *, name: str, scopes: tuple[str, ...], expires_at: str | None = None
    ) -> IssuedKey:
        """Make a key without a granting key; only for bootstrap and new tenants."""
        issued = self.mint(tenant, name=name, scopes=scopes, webhook_id=None, expires_at=expires_at)
        self.keys.add(issued.record)
        return issued

    def mint(
        self,
        tenant: str,
        *,
        name: str,
        scopes: tuple[str, ...],
        webhook_id: str | None,
        expires_at: str | None,
    ) -> IssuedKey:
        """Make a key that opens nothing yet, because it is not stored."""
        token = api_key.mint(self.random(api_key.RANDOM_BYTES))
        record = ApiKey(
            sha256=api_key.digest(token),
            tenant=tenant,
            name=name,
            scopes=tuple(dict.fromkeys(scopes)),
            created_at=timestamp(self.clock()),
            expires_at=expires_at,
            webhook_id=webhook_id,
        )
        return IssuedKey(record, token)
