"""API keys. A key belongs to one tenant, is shown once and is stored as a hash."""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from runtime.core import preconditions, timestamps
from runtime.core.tenancy import scopes as known
from runtime.core.tenancy.scopes import ADMIN, SCOPES
from runtime.errors import BadInput, Conflict, Forbidden, NotFound

PREFIX: Final = "psk_"  # lets secret scanners find a leaked key
RANDOM_BYTES: Final = 32
ID_PREFIX: Final = "key_"
_ID_BYTES: Final = 15  # of the hash; so many that no two keys of a tenant share them


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The record of a key. It does not contain the key itself."""

    sha256: str  # the key's `digest`
    tenant: str
    name: str  # for people
    scopes: tuple[str, ...]  # of `scopes.SCOPES`, `admin`, or the older names
    created_at: str  # ISO 8601
    expires_at: str | None = None  # ISO 8601; from then on it opens nothing; None: it does not end
    # The one webhook that the key is for, as its receiver has it; None: all things of the tenant.
    webhook_id: str | None = None
    last_used_at: str | None = None  # ISO 8601, the hour of its last call; None before the first
    replaced_by: str | None = None  # the id of its newest successor; None if it has none

    @property
    def id(self) -> str:
        """What the key is called by; it opens nothing, and nobody can make the key of it."""
        return id_of(self.sha256)

    @property
    def etag(self) -> str:
        """The ETag of the key as it stands; when it was last used does not count."""
        return preconditions.etag(replace(self, last_used_at=None))


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


def id_of(sha256: str) -> str:
    """The id of the key with this `digest`."""
    text = base64.b32encode(bytes.fromhex(sha256)[:_ID_BYTES]).decode().lower()
    return f"{ID_PREFIX}{text}"


def hash_prefix(key_id: str) -> str | None:
    """The beginning of the hash of the key with this id; None if no key can have such an id."""
    text = key_id.removeprefix(ID_PREFIX)
    try:
        return base64.b32decode(text.upper()).hex()[: 2 * _ID_BYTES] or None
    except ValueError:
        return None


def shown(key: ApiKey) -> dict[str, Any]:
    """The record of a key as GET shows it."""
    return {
        "id": key.id,
        "name": key.name,
        "sha256": key.sha256,
        "scopes": list(key.scopes),
        "webhook_id": key.webhook_id,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "replaced_by": key.replaced_by,
        "etag": key.etag,
    }


def has_expired(key: ApiKey, *, now: str) -> bool:
    """Whether the key has ended at this time, ISO 8601."""
    return key.expires_at is not None and key.expires_at <= now


def used_in(key: ApiKey, now: datetime) -> ApiKey | None:
    """The key as used in this hour; None if its record says so already."""
    hour = timestamps.timestamp(now.replace(minute=0, second=0, microsecond=0))
    return None if (key.last_used_at or "") >= hour else replace(key, last_used_at=hour)


def may(key: ApiKey, scope: str | None) -> bool:
    """Whether `key` may use what `scope` guards; `admin` may use everything of its tenant."""
    return scope is None or ADMIN in key.scopes or scope in known.meant_by(key.scopes)


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


def require_reach(key: ApiKey, *, is_for_receivers: bool, webhook_id: str | None) -> None:
    """Refuse a key that is for one webhook where something else is asked for.

    Args:
        key: the caller's.
        is_for_receivers: whether the operation shows and changes things of one webhook only.
        webhook_id: the webhook in the operation's path; None if none stands there.

    Raises:
        Forbidden: code `one_webhook_only`: the operation is about more than one webhook.
        NotFound: code `webhook_not_found`: it is about another webhook, which may not exist.
    """
    if key.webhook_id is None:
        return
    if not is_for_receivers:
        raise Forbidden(
            f"this API key is for the webhook {key.webhook_id} alone; ask for another key",
            code="one_webhook_only",
        )
    if webhook_id not in (None, key.webhook_id):
        raise NotFound("no such webhook", code="webhook_not_found")


def reached(key: ApiKey, webhook_id: str | None) -> str | None:
    """The webhook whose things a listing shows to this key; None for those of all.

    Args:
        key: the caller's.
        webhook_id: the webhook that the caller chooses; None for none.

    Raises:
        NotFound: code `webhook_not_found`: the key is for another webhook.
    """
    require_reach(key, is_for_receivers=True, webhook_id=webhook_id)
    return key.webhook_id or webhook_id


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
    check_holds(granted_by, frozenset(scopes))


def check_narrow(scopes: tuple[str, ...]) -> None:
    """Refuse scopes that a key for one webhook cannot use.

    Raises:
        BadInput: code `scope_too_wide`.
    """
    usable = known.PRESETS["receiver"]
    for scope in scopes:
        if scope not in usable:
            raise BadInput(
                f"a key for one webhook may have {', '.join(usable)}, not {scope}",
                field="scopes",
                code="scope_too_wide",
            )


def check_holds(caller: ApiKey, scopes: frozenset[str]) -> None:
    """Refuse a caller who lacks one of the scopes of a key that it makes, changes or revokes.

    Raises:
        Forbidden: code `scope_not_held`.
    """
    for scope in sorted(scopes):
        if not may(caller, scope):
            raise Forbidden(
                f"your key lacks the scope {scope!r}, so it has no say over a key that has it",
                code="scope_not_held",
            )


def changed(
    key: ApiKey, *, by: ApiKey, name: str | None = None, scopes: tuple[str, ...] | None = None
) -> ApiKey:
    """The key with another name or other scopes; it opens nothing that its changer could not.

    Args:
        key: as it is; its end, its webhook and the key itself stay.
        by: the caller's.
        name: None: it keeps its own.
        scopes: in place of all that it has; None: it keeps them.

    Raises:
        BadInput: code `unknown_scope`, `missing_scopes`, or `scope_too_wide` for one webhook.
        Forbidden: code `scope_not_held`: the caller lacks a scope that the key has or would get.
        Conflict: code `own_key`: the caller would take a scope from itself.
    """
    check_holds(by, known.meant_by(key.scopes))
    after = replace(key, name=key.name if name is None else name)
    if scopes is None:
        return after
    check_scopes(scopes, granted_by=by)
    if key.webhook_id is not None:
        check_narrow(scopes)
    after = replace(after, scopes=tuple(dict.fromkeys(scopes)))
    # Nobody could give it back if it were `keys:write`, or the last `admin` of the tenant.
    if key.sha256 == by.sha256 and not all(may(after, each) for each in known.meant_by(key.scopes)):
        raise Conflict(
            "this is the key that you call with; take scopes from it with another one",
            code="own_key",
        )
    return after


def check_expiry(expires_at: str, *, now: str) -> None:
    """Refuse an end that has passed; both are ISO 8601.

    Raises:
        BadInput: code `bad_expiry`.
    """
    if expires_at <= now:
        raise BadInput(
            "has passed; name a time in the future", field="expires_at", code="bad_expiry"
        )


def check_revocable(key: ApiKey, *, by: ApiKey) -> None:
    """Refuse to revoke the caller's own key, and one that may do more than the caller.

    So a tenant always keeps a key that may make keys, and of its admin keys one.

    Raises:
        Conflict: code `own_key`.
        Forbidden: code `scope_not_held`.
    """
    if key.sha256 == by.sha256:
        raise Conflict(
            "this is the key that you call with; revoke it with another one", code="own_key"
        )
    check_holds(by, known.meant_by(key.scopes))


def replaced(key: ApiKey, *, by: ApiKey, now: datetime, overlap_s: int) -> ApiKey:
    """The key whose successor has just been made: it ends after the overlap, or earlier."""
    end = timestamps.timestamp(now + timedelta(seconds=overlap_s))
    expires_at = end if key.expires_at is None else min(key.expires_at, end)
    return replace(key, expires_at=expires_at, replaced_by=by.id)
