"""Idempotency keys: a repeated POST has no effect and gets the answer of the first one."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from runtime.errors import BadInput, Conflict

KEEP_S: Final = 24 * 3600  # longer than any client's retries of one request
# Twice the API function's timeout. A call that is killed blocks its retry for this long.
LEASE_S: Final = 60
KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


class State(StrEnum):
    """How far the first request has come."""

    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The record of a request that carried an idempotency key."""

    tenant: str
    key_sha256: str  # see `key_hash`
    request_sha256: str  # see `request_hash`
    state: State
    lease_until_s: int  # epoch seconds; a `RUNNING` claim no longer blocks repeats after this
    expires_at: int  # epoch seconds; the claim is forgotten after this
    status: int = 0  # the answer's HTTP status; 0 while there is no answer
    body: Mapping[str, Any] | None = None  # the answer's body; None without one
    # The part of the answer that is shown once, such as a new secret, encrypted for the tenant.
    # None if the answer has no such part.
    sealed: str | None = None


def key_hash(key: str, *, route: str, caller: str) -> str:
    """The hash under which a claim is stored.

    The same key on another route or from another caller makes another claim: an answer may show
    what only its caller's scopes allow, so no other caller may get it.

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


def request_hash(body: bytes, *, path: str, condition: str | None) -> str:
    """The hash of a request. A repeat must have the same hash to get the first one's answer.

    Args:
        body: as it was sent.
        path: of the URL.
        condition: the header `If-Match`; None without one.
    """
    before = path if condition is None else f"{path}\0{condition}"
    return hashlib.sha256(before.encode() + b"\0" + body).hexdigest()


def check_repeat(earlier: Claim, *, request_sha256: str) -> None:
    """Refuse a repeat that differs from the first request, or that comes before its answer.

    Raises:
        BadInput: code `idempotency_key_reused`: the key came with another request before.
        Conflict: code `idempotency_in_progress`: the first request is not answered yet.
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
