"""Makes a request with an idempotency key act at most once, and gives repeats the same answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from runtime.core.json_text import dump, load
from runtime.core.tenancy import idempotency
from runtime.core.tenancy.idempotency import Claim, State


class Claims(Protocol):
    """Stores claims for a day."""

    def take(self, claim: Claim, *, now_s: int) -> Claim | None:
        """Store `claim` unless another one is in its way.

        Returns the other claim, or None if `claim` was stored. A claim that has expired is not in
        the way, nor is a running one whose lease is over.
        """

    def finish(self, claim: Claim) -> None:
        """Store the claim with the answer."""

    def release(self, claim: Claim) -> None:
        """Forget a claim whose request was refused and changed nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request with an idempotency key."""

    tenant: str
    caller: str  # the stored hash of the API key; another caller's answer is never repeated
    key: str  # the idempotency key as the caller sent it
    path: str  # of the URL
    body: bytes
    condition: str | None = None  # the header `If-Match`; None without one


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer."""

    status: int  # of HTTP
    body: Mapping[str, Any] | None  # None for an answer without a body
    once: Mapping[str, str] | None = None  # the part to show once, such as a new secret; or None
    repeated: bool = False  # whether it is the stored answer of an earlier request


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOnce:
    """Wraps the action of a POST."""

    claims: Claims
    seal: Callable[[str, str], str]  # encrypts a text for a tenant: (tenant, text)
    unseal: Callable[[str, str], str]  # the reverse: (tenant, ciphertext)
    clock: Callable[[], datetime]

    def __call__(self, ask: Ask, do: Callable[[], Answered]) -> Answered:
        """The answer of `do`, or its stored answer if the same caller sent the request before.

        Raises:
            BadInput: code `bad_idempotency_key` or `idempotency_key_reused`.
            Conflict: code `idempotency_in_progress`: the first request is not answered yet.
        """
        now_s = int(self.clock().timestamp())
        claim = Claim(
            tenant=ask.tenant,
            key_sha256=idempotency.key_hash(ask.key, route=ask.path, caller=ask.caller),
            request_sha256=idempotency.request_hash(
                ask.body, path=ask.path, condition=ask.condition
            ),
            state=State.RUNNING,
            lease_until_s=now_s + idempotency.LEASE_S,
            expires_at=now_s + idempotency.KEEP_S,
        )
        earlier = self.claims.take(claim, now_s=now_s)
        if earlier is not None:
            return self._repeat(earlier, claim)
        try:
            answered = do()
        except BaseException:  # after any failure the caller may try again at once
            self.claims.release(claim)
            raise
        # If the process dies before this line, a repeat acts again once the lease is over.
        self.claims.finish(self._finished(claim, answered))
        return answered

    def _finished(self, claim: Claim, answered: Answered) -> Claim:
        sealed = self.seal(claim.tenant, dump(answered.once)) if answered.once else None
        return replace(
            claim, state=State.DONE, status=answered.status, body=answered.body, sealed=sealed
        )

    def _repeat(self, earlier: Claim, claim: Claim) -> Answered:
        idempotency.check_repeat(earlier, request_sha256=claim.request_sha256)
        once = load(self.unseal(earlier.tenant, earlier.sealed)) if earlier.sealed else None
        return Answered(status=earlier.status, body=earlier.body, once=once, repeated=True)
