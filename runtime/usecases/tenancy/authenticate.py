"""Find the key, and so the tenant, that a bearer token stands for."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import Forbidden


class Keys(Protocol):
    """Stores keys."""

    def find(self, sha256: str) -> ApiKey | None:
        """The key with this hash, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Turns an `Authorization` header into a key."""

    keys: Keys

    def __call__(self, authorization: str | None) -> ApiKey:
        """The caller's key.

        Raises:
            Forbidden: code `missing_key` or `unknown_key`; the message never repeats the token.
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
        return key
