"""A concurrency cap: workers hold permits on lease, so that those of a killed worker come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

MAX_CONCURRENCY: Final = 1_000
# A little more than the timeout of `deliver`, 55 s: whoever still has a permit then was killed.
DELIVER_LEASE_MS: Final = 60_000
# `run` may take more than three minutes, so it renews the lease of its slot while it works. The
# slot of a killed worker is free before its messages are back, which are leased for 45 s.
RUN_LEASE_MS: Final = 40_000
RENEW_EVERY_S: Final = 12  # two renewals may fail before a slot ends whose worker lives
PATIENCE_S: Final = 10  # how long a batch queues for its own permits; an attempt must fit behind it
MAX_BACKOFF_S: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The permits that one worker has."""

    permits: int
    until_ms: int  # epoch ms; from then on anybody may take them


Grants = Mapping[str, Grant]


class Acquired(NamedTuple):
    """What became of asking for permits."""

    # Every worker's, the asking one's among them if it got any.
    grants: Grants
    # How many of the wanted permits it got.
    granted: int


def acquire(
    grants: Grants, owner: str, *, wanted: int, cap: int, now_ms: int, lease_ms: int
) -> Acquired:
    """The grants with one for `owner`: of the wanted permits as many as the cap has left."""
    alive = {name: grant for name, grant in grants.items() if grant.until_ms > now_ms}
    # An owner asks again only when it has not heard what it got: nobody uses those permits.
    in_use = sum(grant.permits for name, grant in alive.items() if name != owner)
    granted = max(0, min(wanted, cap - in_use))
    if not granted:
        return Acquired(grants, 0)
    mine = Grant(permits=granted, until_ms=now_ms + lease_ms)
    return Acquired(alive | {owner: mine}, granted)


def renew(grants: Grants, owner: str, *, now_ms: int, lease_ms: int) -> Grants | None:
    """The grants with a new end of `owner`'s; None if others have been given its permits."""
    mine = grants.get(owner)
    if mine is None:
        return None
    return {**grants, owner: Grant(permits=mine.permits, until_ms=now_ms + lease_ms)}


def release(grants: Grants, owner: str) -> Grants:
    """The grants without `owner`'s."""
    return {name: grant for name, grant in grants.items() if name != owner}


def backoff_ms(*, held: int, dice: float) -> int:
    """How long a delivery waits that was put off `held` times: twice as long each time, spread."""
    return int(min(MAX_BACKOFF_S, 2**held) * 1000 * (0.5 + dice))
