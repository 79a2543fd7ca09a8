"""API keys: shown once, stored as a hash, bound to one tenant."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it rests. `scopes` are resource names such as `webhooks`, or `admin`."""

    sha256: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    created_at: str


def digest(key: str) -> str:
    """What is stored and looked up; keys carry 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
