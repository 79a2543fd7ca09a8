"""Lets a function run another batch if its cap on concurrent runs, over all Lambdas, allows it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from runtime.core.functions.function import Function
from runtime.core.functions.messages import RunMessage
from runtime.core.pacing import concurrency
from runtime.errors import Transient
from runtime.usecases.ports import Hints

# A batch without a slot comes back after this, and up to as much more: batches that wait must not
# all come back at once.
WAIT_S: Final = 5


class Permits(Protocol):
    """Hands out permits on lease, by tenant and function."""

    def acquire(
        self, tenant: str, holder: str, *, owner: str, wanted: int, cap: int, lease_ms: int
    ) -> int:
        """Take up to `wanted` permits for `owner`; returns how many it got.

        They end after `lease_ms` if they are not given back.
        """

    def release(self, tenant: str, holder: str, *, owner: str) -> bool:
        """Return the permits of `owner`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One of a function's slots, taken by a batch."""

    until_ms: int  # epoch ms; from then on another batch may have it
    wall_s: float  # how long each event may take

    def must_last(self, events: int, *, now: datetime) -> None:
        """Make sure that so many events, begun now, end before the slot does.

        Raises:
            Transient: code `slot_ended`: they might not, and more would run at once than the cap
                allows.
        """
        if now.timestamp() * 1000 + events * self.wall_s * 1000 > self.until_ms:
            raise Transient("the batch has taken too long for its slot", code="slot_ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitRuns:
    """Admits batches."""

    permits: Permits
    hints: Hints[RunMessage]
    dice: Callable[[], float]  # random numbers from 0 to 1
    new_owner: Callable[[], str]  # makes a name for a batch

    @contextmanager
    def slot(
        self, function: Function, messages: Sequence[RunMessage], *, now: datetime
    ) -> Iterator[Slot | None]:
        """Occupy one of the function's slots; without one, requeue the messages and yield None.

        A batch runs its events one after the other, so it needs one slot. A run that waits loses no
        attempt.

        Raises:
            Transient: the store does not answer, or the queue did not take the messages.
        """
        owner, cap = self.new_owner(), function.limits.concurrent_runs
        tenant, name = function.tenant, function.name
        wall_s = function.limits.wall_s
        lease_ms = concurrency.run_lease_ms(len(messages), wall_s=wall_s)
        if not self.permits.acquire(
            tenant, name, owner=owner, wanted=1, cap=cap, lease_ms=lease_ms
        ):
            self.hints.send(messages, delay_s=round(WAIT_S * (1 + self.dice())))
            yield None
            return
        try:
            yield Slot(until_ms=int(now.timestamp() * 1000) + lease_ms, wall_s=wall_s)
        finally:
            with suppress(Transient):  # the runs are recorded, and the lease will end
                self.permits.release(tenant, name, owner=owner)
