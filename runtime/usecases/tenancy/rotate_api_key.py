"""Replace an API key by a new one, while both work for a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core import overlap
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.tenancy import api_key, scopes
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict
from runtime.usecases.tenancy.create_api_key import CreateApiKey, IssuedKey


class Keys(Protocol):
    """Stores keys."""

    def get(self, tenant: str, key_id: str) -> ApiKey:
        """A tenant's key by its id.

        Raises:
            NotFound: code `api_key_not_found`.
        """

    def replace(self, old: ApiKey, new: ApiKey, /, *, successor: ApiKey) -> None:
        """Give a key its end, and store its successor, both or neither.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
            Conflict: code `api_key_changed`: somebody else has changed or rotated it
                meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateApiKey:
    """Replaces keys."""

    keys: Keys
    create: CreateApiKey
    clock: Callable[[], datetime]

    def __call__(
        self, caller: ApiKey, key_id: str, *, overlap_s: int, if_match: IfMatch = ANY
    ) -> IssuedKey:
        """Make a key with the name and the scopes of another, which ends after the overlap.

        The new key ends when the old one would have ended.

        Raises:
            BadInput: code `bad_overlap`.
            NotFound: code `api_key_not_found`.
            PreconditionFailed: `if_match` names another ETag than the key has.
            Conflict: code `already_expired`; or `api_key_changed`: somebody else has changed or
                rotated it at the same moment, so this call has made no key.
            Forbidden: code `scope_not_held`: the caller would get a key that may do more.
        """
        overlap.check(overlap_s)
        old = self.keys.get(caller.tenant, key_id)
        api_key.check_holds(caller, scopes.meant_by(old.scopes))
        if_match.check(old.etag)
        now = self.clock()
        if api_key.has_expired(old, now=timestamp(now)):
            raise Conflict("has expired already; create a new one", code="already_expired")
        issued = self.create.mint(
            old.tenant,
            name=old.name,
            scopes=old.scopes,
            webhook_id=old.webhook_id,
            expires_at=old.expires_at,
        )
        ending = api_key.replaced(old, by=issued.record, now=now, overlap_s=overlap_s)
        self.keys.replace(old, ending, successor=issued.record)
        return issued
