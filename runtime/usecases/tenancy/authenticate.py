"""Find the key, and so the tenant, that a bearer token stands for."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.timestamps import timestamp
from runtime.errors import Forbidden, NotFound, Transient


class Keys(Protocol):
    """Stores keys."""

    def find(self, sha256: str) -> ApiKey | None:
        """The key with this hash, or None."""

    def note_use(self, used: ApiKey) -> None:
        """Store when a key was last used, and nothing else of it.

        Raises:
            NotFound: it has been deleted meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Turns an `Authorization` header into a key."""

    keys: Keys
    clock: Callable[[], datetime]

    def __call__(self, authorization: str | None) -> ApiKey:
        """The caller's key.

        Raises:
            Forbidden: code `missing_key`, `unknown_key` or `key_expired`; the message never repeats
                the token.
        """
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Forbidden(
                "send your API key as `Authorization: Bearer psk_…`", code="missing_key"
            )
        key = self.keys.find(api_key.digest(token)) if token.isascii() else None
        if key is None:
            raise Forbidden(
                "this API key is unknown; check it, or ask an admin for a new one",
                code="unknown_key",
            )
        now = self.clock()
        if api_key.has_expired(key, now=timestamp(now)):
            raise Forbidden(
                f"this API key expired at {key.expires_at}; ask for a new one", code="key_expired"
            )
        self._note_use(key, now)
        return key

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        """Record the hour of a key's call, if that is not recorded yet."""
        used = api_key.used_in(key, now)
        if used is not None:
            # Nobody is refused because the hour could not be recorded: a later call records it. A
            # key that was deleted a moment ago was there when this call came.
            with suppress(Transient, NotFound):
                self.keys.note_use(used)
