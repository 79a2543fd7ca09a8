"""Idempotency keys: a repeated POST gets the answer of the first, and has no effect."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from runtime.errors import BadInput, Conflict

KEEP_S: Final = 24 * 3600  # longer than any client's retries of one request
LEASE_S: Final = 60  # twice the API function's timeout; a killed call blocks its retry that long
KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


class State(StrEnum):
    """How far the first request has come."""

    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The record of a request that carried an idempotency key; a `RUNNING` one has no answer.

    `sealed` is the part of the answer that is shown once (a new secret), encrypted for the tenant.
    """

    tenant: str
    key_sha256: str
    request_sha256: str
    state: State
    lease_until_s: int
    expires_at: int
    status: int = 0
    body: Mapping[str, Any] | None = None
    sealed: str | None = None


def key_hash(key: str, *, route: str, caller: str) -> str:
    """Where the claim rests; the same key on another route, or of another caller, is another claim.

    An answer may show what only its caller's scopes reach, so it is kept for that caller alone.

    Args:
        key: the header `Idempotency-Key` as it was sent.
        route: the request's path.
        caller: the stored hash of the API key that the request came with.

    Raises:
        BadInput: code `bad_idempotency_key`.
    """
    if not KEY.fullmatch(key):
        raise BadInput(
            "must be 1 to 128 printable ASCII characters, no blanks",
            field="Idempotency-Key",
            code="bad_idempotency_key",
        )
    return hashlib.sha256(f"{caller}\0{route}\0{key}".encode()).hexdigest()


def request_hash(body: bytes, *, path: str) -> str:
    """What must be the same for the answer to be the same."""
    return hashlib.sha256(path.encode() + b"\0" + body).hexdigest()


def check_repeat(earlier: Claim, *, request_sha256: str) -> None:
    """Refuse a repeat that is not one, or that came too early.

    Raises:
        BadInput: code `idempotency_key_reused`.
        Conflict: code `idempotency_in_progress`.
    """
    if earlier.request_sha256 != request_sha256:
        raise BadInput(
            "was used with another request; take a new key for each request",
            field="Idempotency-Key",
            code="idempotency_key_reused",
        )
    if earlier.state is State.RUNNING:
        raise Conflict(
            "the first request with this key is still running; ask again in a moment",
            code="idempotency_in_progress",
        )
