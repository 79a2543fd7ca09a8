"""Scopes: what an API key may do. Each guards reading, or changing, one kind of thing."""

from collections.abc import Iterable, Mapping
from typing import Final

ADMIN: Final = "admin"  # everything in its tenant, and new tenants
SCOPES: Final = (
    "events:read",
    "events:write",
    "webhooks:read",
    "webhooks:write",
    "deliveries:read",
    "deliveries:write",  # also to see a delivery as a signed request
    "functions:read",
    "functions:write",
    "functions:invoke",
    "profiles:read",
    "profiles:write",  # also to erase people, and the rules by which names are read
    "jobs:read",
    "jobs:write",
    "transforms:read",  # with dry runs, which show properties of profiles
    "transforms:write",
    "syncs:read",
    "syncs:write",
    "keys:read",
    "keys:write",
    "audit:read",  # all changes of the tenant's things, so also what its keys are called and may do
)
READING: Final = tuple(scope for scope in SCOPES if scope.endswith(":read"))
# Names for the scopes that a kind of caller needs; none of them may make keys.
PRESETS: Final[Mapping[str, tuple[str, ...]]] = {
    "producer": ("events:write",),
    "developer": tuple(scope for scope in SCOPES if not scope.startswith("keys:")),
    # For a key of one webhook: its receiver sees its deliveries, has them sent again, and rotates.
    "receiver": ("webhooks:read", "webhooks:write", "deliveries:read", "deliveries:write"),
    "viewer": tuple(scope for scope in READING if scope not in ("keys:read", "audit:read")),
}
# Keys that were made before reading and writing were told apart have these; each means both.
_OLDER: Final[Mapping[str, str]] = {
    "events": "events",
    "webhooks": "webhooks",
    "deliveries": "deliveries",
    "functions": "functions",
    "profiles": "profiles",
    "syncs": "syncs",
    "api-keys": "keys",
}


def meant_by(names: Iterable[str]) -> frozenset[str]:
    """The scopes that these names of a key's record stand for."""
    scopes: set[str] = set()
    for name in names:
        if name in _OLDER:
            scopes.update(each for each in SCOPES if each.startswith(f"{_OLDER[name]}:"))
        else:
            scopes.add(name)
    return frozenset(scopes)
