"""Does a request with an idempotency key at most once, and gives repeats the same answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from runtime.core.json_text import dump, load
from runtime.core.tenancy import idempotency
from runtime.core.tenancy.idempotency import Claim, State


class Claims(Protocol):
    """Stores claims, for a day."""

    def take(self, claim: Claim, *, now_s: int) -> Claim | None:
        """Store `claim` unless another one stands; returns that one, None when ours was stored.

        An expired claim does not stand, nor a running one whose lease is over.
        """

    def finish(self, claim: Claim) -> None:
        """Store the answer."""

    def release(self, claim: Claim) -> None:
        """Forget a claim whose request was refused: nothing has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request with an idempotency key."""

    tenant: str
    caller: str  # the stored hash of the API key; another caller's answer is never repeated
    key: str  # the idempotency key, as sent
    path: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer. `once` is the part that is shown once, such as a new secret."""

    status: int
    body: Mapping[str, Any] | None
    once: Mapping[str, str] | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOnce:
    """Wraps what a POST does."""

    claims: Claims
    seal: Callable[[str, str], str]
    unseal: Callable[[str, str], str]
    clock: Callable[[], datetime]

    def __call__(self, ask: Ask, do: Callable[[], Answered]) -> Answered:
        """The answer of `do`, or the one that it gave to the same request of the same caller.

        Raises:
            BadInput: the key is malformed, or was used with another request.
            Conflict: code `idempotency_in_progress`.
        """
        now_s = int(self.clock().timestamp())
        claim = Claim(
            tenant=ask.tenant,
            key_sha256=idempotency.key_hash(ask.key, route=ask.path, caller=ask.caller),
            request_sha256=idempotency.request_hash(ask.body, path=ask.path),
            state=State.RUNNING,
            lease_until_s=now_s + idempotency.LEASE_S,
            expires_at=now_s + idempotency.KEEP_S,
        )
        earlier = self.claims.take(claim, now_s=now_s)
        if earlier is not None:
            return self._repeat(earlier, claim)
        try:
            answered = do()
        except BaseException:  # whatever it was, the caller may ask again at once
            self.claims.release(claim)
            raise
        # When the process dies before this line, a repeat is done again only after the lease is
        # over.
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
