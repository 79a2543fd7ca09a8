"""Revoke an API key."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey


class Keys(Protocol):
    """Stores keys."""

    def get(self, tenant: str, key_id: str) -> ApiKey:
        """A tenant's key by its id.

        Raises:
            NotFound: code `api_key_not_found`.
        """

    def delete(self, key: ApiKey) -> None:
        """Delete a key, if it still is what was read.

        Raises:
            NotFound: code `api_key_not_found`.
            Conflict: code `api_key_changed`: somebody has changed or rotated it
                meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeApiKey:
    """Revokes keys."""

    keys: Keys

    def __call__(self, caller: ApiKey, key_id: str, *, if_match: IfMatch = ANY) -> None:
        """End a key at once: each call reads its key anew, in every process.

        Raises:
            NotFound: code `api_key_not_found`.
            PreconditionFailed: `if_match` names another ETag than the key has.
            Conflict: code `own_key`: the caller would lock itself out; or `api_key_changed`:
                somebody has changed or rotated it at the same moment.
            Forbidden: code `scope_not_held`: the key may do more than the caller.
        """
        key = self.keys.get(caller.tenant, key_id)
        api_key.check_revocable(key, by=caller)
        if_match.check(key.etag)
        self.keys.delete(key)
