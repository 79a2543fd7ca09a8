"""Revoke an API key."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey


class Keys(Protocol):
    """Stores keys."""

    def get(self, tenant: str, key_id: str) -> ApiKey:
        """A tenant's key by its id.

        Raises:
            NotFound: code `api_key_not_found`.
        """

    def delete(self, tenant: str, sha256: str) -> None:
        """Delete a key.

        Raises:
            NotFound: code `api_key_not_found`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeApiKey:
    """Revokes keys."""

    keys: Keys

    def __call__(self, caller: ApiKey, key_id: str) -> None:
        """End a key at once: each call reads its key anew, in every process.

        Raises:
            NotFound: code `api_key_not_found`.
            Conflict: code `own_key`: the caller would lock itself out.
            Forbidden: code `scope_not_held`: the key may do more than the caller.
        """
        key = self.keys.get(caller.tenant, key_id)
        api_key.check_revocable(key, by=caller)
        self.keys.delete(key.tenant, key.sha256)
