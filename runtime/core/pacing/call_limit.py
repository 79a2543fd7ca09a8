"""How many calls of the API a key may make, and the share that one process counts by itself.

All processes of an installation share one bucket a key, in a table. A process asks the table for
tokens only when it has used up a small bucket of its own, and then it asks for a lot of them. So a
call of a quiet key costs no write, and one of a busy key a part of one.
"""

from dataclasses import dataclass, replace
from typing import Final

from runtime.core.pacing import token_bucket
from runtime.core.pacing.token_bucket import Empty, Taken, TokenBucket

BURST_S: Final = 2  # a key that has been quiet may make the calls of so many seconds at once
# The part of a key's rate that each process answers without the table. It comes on top of the rate:
# n busy processes let through n/50 more than that.
OWN_PART: Final = 50
# The part of the bucket that a process takes at once: a busy key costs ten writes a second, and a
# process that ends loses no more than this.
LOT_PART: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit:
    """The limit of every key of an installation."""

    per_s: int  # calls a second that one key may make in the long run; at least 1

    @property
    def bucket(self) -> TokenBucket:
        """The bucket that all processes share."""
        return TokenBucket(per_s=self.per_s, burst=self.per_s * BURST_S)

    @property
    def own(self) -> TokenBucket:
        """The bucket that each process has for itself."""
        per_s = max(1, self.per_s // OWN_PART)
        return TokenBucket(per_s=per_s, burst=per_s * BURST_S)

    @property
    def lot(self) -> int:
        """How many tokens a process takes from the shared bucket at once."""
        return max(1, self.bucket.burst // LOT_PART)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process knows of one key's calls."""

    own_full_at_us: int = 0  # epoch microseconds when its own bucket will be full again
    lot: int = 0  # tokens of the shared bucket that it has taken and not used
    empty_until_us: int = 0  # epoch microseconds; the shared bucket is not asked before

    def with_lot(self, count: int) -> "Share":
        """After it has taken `count` tokens of the shared bucket, one of them for this call."""
        return replace(self, lot=count - 1)

    def without(self, empty: Empty) -> "Share":
        """After the shared bucket was found empty."""
        return replace(self, empty_until_us=empty.until_us)

    def rests(self, now_us: int) -> bool:
        """Whether a process loses nothing if it forgets this."""
        return self.lot == 0 and max(self.own_full_at_us, self.empty_until_us) <= now_us


@dataclass(frozen=True, slots=True)
class Pass:
    """The call may be answered."""

    share: Share  # what is left of it


@dataclass(frozen=True, slots=True)
class Ask:
    """The process has used up what it has; it must take a lot from the shared bucket."""


def spend(share: Share, limit: CallLimit, *, now_us: int) -> Pass | Ask | Empty:
    """Count one call; `Empty` refuses it without asking the shared bucket again."""
    match token_bucket.take(limit.own, share.own_full_at_us, count=1, now_us=now_us):
        case Taken() as taken:
            return Pass(replace(share, own_full_at_us=taken.full_at_us))
        case Empty() if share.lot:
            return Pass(replace(share, lot=share.lot - 1))
        case Empty() if now_us < share.empty_until_us:
            return Empty(until_us=share.empty_until_us)
        case Empty():
            return Ask()
