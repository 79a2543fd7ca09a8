"""API keys: shown once, stored as a hash, bound to one tenant."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from runtime.errors import BadInput, Forbidden

PREFIX: Final = "psk_"  # lets secret scanners find a leaked key
RANDOM_BYTES: Final = 32
ADMIN: Final = "admin"
SCOPES: Final = (
    "events",
    "webhooks",
    "deliveries",
    "functions",
    "profiles",
    "syncs",
    "api-keys",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The record of a key, which does not have the key itself."""

    sha256: str  # the key's `digest`
    tenant: str
    name: str  # for people
    scopes: tuple[str, ...]  # names of resources such as `webhooks`, or `admin`
    created_at: str  # ISO 8601


def mint(random: bytes) -> str:
    """The key that these random bytes make: its owner sends it, and we never store it.

    Raises:
        ValueError: there are not RANDOM_BYTES of them.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a key is made of {RANDOM_BYTES} random bytes")
    return PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")


def digest(key: str) -> str:
    """What is stored and looked up; keys carry 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def may(key: ApiKey, scope: str | None) -> bool:
    """Whether `key` reaches what `scope` guards; `admin` reaches everything of its tenant."""
    return scope is None or scope in key.scopes or ADMIN in key.scopes


def require(key: ApiKey, scope: str | None) -> None:
    """Refuse a key without the scope.

    Raises:
        Forbidden: code `missing_scope`.
    """
    if not may(key, scope):
        raise Forbidden(
            f"this API key has no scope {scope!r}; ask for one that has", code="missing_scope"
        )


def check_scopes(scopes: tuple[str, ...], *, granted_by: ApiKey) -> None:
    """Refuse unknown scopes, and those the granting key does not have itself.

    Raises:
        BadInput: code `unknown_scope` or `missing_scopes`.
        Forbidden: code `scope_not_held`: a key that may make keys would else be one for everything.
    """
    if not scopes:
        raise BadInput("name at least one scope", field="scopes", code="missing_scopes")
    for scope in scopes:
        if scope not in (*SCOPES, ADMIN):
            raise BadInput(
                f"{scope!r} is unknown; known are {', '.join((*SCOPES, ADMIN))}",
                field="scopes",
                code="unknown_scope",
            )
        if not may(granted_by, scope):
            raise Forbidden(
                f"your key has no scope {scope!r}, so it cannot grant it", code="scope_not_held"
            )
