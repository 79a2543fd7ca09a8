"""Says whether an API key may make one more call now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from runtime.core.pacing import call_limit
from runtime.core.pacing.call_limit import Ask, CallLimit, Pass, Share
from runtime.core.pacing.token_bucket import Empty, TokenBucket
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import TooManyCalls

MAX_SHARES: Final = 1_000  # keys that a process remembers before it forgets those that are quiet
_S_US: Final = 1_000_000


class Buckets(Protocol):
    """The buckets that all processes share."""

    def take(self, key_sha256: str, bucket: TokenBucket, *, count: int) -> Empty | None:
        """Take `count` tokens of this key's bucket; returns None if they were there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitCall:
    """Counts the calls of each key."""

    buckets: Buckets
    limit: CallLimit
    clock: Callable[[], datetime]
    max_shares: int = MAX_SHARES
    shares: dict[str, Share] = field(default_factory=dict)  # by the hash of the key

    def __call__(self, caller: ApiKey) -> None:
        """Count one call of this key.

        Raises:
            TooManyCalls: the key has made its calls of this moment; this one does not count.
            Transient: the count cannot be reached.
        """
        now_us = int(self.clock().timestamp() * _S_US)
        share = self.shares.get(caller.sha256, Share())
        match call_limit.spend(share, self.limit, now_us=now_us):
            case Pass(left):
                self._keep(caller, left, now_us)
            case Ask():
                self._ask(caller, share, now_us)
            case Empty() as empty:
                raise self._refusal(empty, now_us)

    def _ask(self, caller: ApiKey, share: Share, now_us: int) -> None:
        lot = self.limit.lot
        empty = self.buckets.take(caller.sha256, self.limit.bucket, count=lot)
        if empty is None:
            self._keep(caller, share.with_lot(lot), now_us)
            return
        self._keep(caller, share.without(empty), now_us)
        raise self._refusal(empty, now_us)

    def _keep(self, caller: ApiKey, share: Share, now_us: int) -> None:
        if len(self.shares) >= self.max_shares:
            for key in [key for key, each in self.shares.items() if each.rests(now_us)]:
                del self.shares[key]
        self.shares[caller.sha256] = share

    def _refusal(self, empty: Empty, now_us: int) -> TooManyCalls:
        wait_s = -(-(empty.until_us - now_us) // _S_US)
        return TooManyCalls(per_s=self.limit.per_s, retry_after_s=max(1, wait_s))
