"""A token bucket: so many calls a second in the long run, with bursts, kept as one number.

The number is the time at which the bucket will be full again. Each token that is taken moves that
time on by as long as one token takes to flow in, and the bucket is empty when that time is too far
ahead. (This is the generic cell rate algorithm.) So one conditional addition in a table takes
tokens, and nobody has to fill the bucket.
"""

from dataclasses import dataclass
from typing import Final

_S_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBucket:
    """How fast tokens flow in, and how many the bucket has room for."""

    per_s: int  # tokens that flow in each second; at least 1
    burst: int  # tokens that are there when it is full; at least 1

    def cost_us(self, count: int) -> int:
        """How long `count` tokens take to flow in, in microseconds."""
        return count * _S_US // self.per_s

    @property
    def room_us(self) -> int:
        """How long an empty bucket takes to be full again, in microseconds."""
        return self.cost_us(self.burst)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The tokens were there."""

    full_at_us: int  # epoch microseconds when the bucket will be full again


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """There are too few tokens; nothing was taken."""

    until_us: int  # epoch microseconds when there will be enough, if nobody takes one before


def take(bucket: TokenBucket, full_at_us: int, *, count: int, now_us: int) -> Taken | Empty:
    """Take `count` tokens, or none.

    Args:
        bucket: its rate and its room.
        full_at_us: epoch microseconds when it would be full again; 0 for one that nobody has used.
        count: how many tokens; at most `bucket.burst`.
        now_us: epoch microseconds.
    """
    after_us = max(full_at_us, now_us) + bucket.cost_us(count)
    if after_us <= now_us + bucket.room_us:
        return Taken(full_at_us=after_us)
    return Empty(until_us=after_us - bucket.room_us)
