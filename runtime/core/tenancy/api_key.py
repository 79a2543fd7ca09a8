"""API keys. A key belongs to one tenant, is shown once and is stored as a hash."""

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
    """The record of a key. It does not contain the key itself."""

    sha256: str  # the key's `digest`
    tenant: str
    name: str  # for people
    scopes: tuple[str, ...]  # names of resources such as `webhooks`, or `admin`
    created_at: str  # ISO 8601


def mint(random: bytes) -> str:
    """Make a key of random bytes. Its owner sends it with each call; it is never stored.

    Raises:
        ValueError: there are not `RANDOM_BYTES` of them.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a key is made of {RANDOM_BYTES} random bytes")
    return PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")


def digest(key: str) -> str:
    """The hash by which a key is stored and found.

    A key has 256 random bits, which nobody can guess, so a plain hash is enough.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def may(key: ApiKey, scope: str | None) -> bool:
    """Whether `key` may use what `scope` guards; `admin` may use everything of its tenant."""
    return scope is None or scope in key.scopes or ADMIN in key.scopes


def require(key: ApiKey, scope: str | None) -> None:
    """Refuse a key without the scope.

    Raises:
        Forbidden: code `missing_scope`.
    """
    if not may(key, scope):
        raise Forbidden(
            f"this API key lacks the scope {scope!r}; ask for a key that has it",
            code="missing_scope",
        )


def check_scopes(scopes: tuple[str, ...], *, granted_by: ApiKey) -> None:
    """Refuse unknown scopes, and scopes that the granting key does not have itself.

    Raises:
        BadInput: code `unknown_scope` or `missing_scopes`.
        Forbidden: code `scope_not_held`: otherwise a key that may make keys could do everything.
    """
    if not scopes:
        raise BadInput("name at least one scope", field="scopes", code="missing_scopes")
    for scope in scopes:
        if scope not in (*SCOPES, ADMIN):
            raise BadInput(
                f"{scope!r} is unknown; the known ones are {', '.join((*SCOPES, ADMIN))}",
                field="scopes",
                code="unknown_scope",
            )
        if not may(granted_by, scope):
            raise Forbidden(
                f"your key lacks the scope {scope!r}, so it cannot grant it", code="scope_not_held"
            )
