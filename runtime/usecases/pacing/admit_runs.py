"""Lets a function run another batch if its cap on concurrent runs, over all Lambdas, allows it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final, Protocol

from runtime.core.functions.function import Function
from runtime.core.functions.messages import RunMessage
from runtime.core.pacing import concurrency
from runtime.errors import Transient
from runtime.usecases.pacing.renewing import Wait, renewing
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

    def renew(self, tenant: str, holder: str, *, owner: str, lease_ms: int) -> bool:
        """Let the permits of `owner` end only `lease_ms` from now; returns whether it has them.

        Raises:
            Transient: the store does not answer.
        """

    def release(self, tenant: str, holder: str, *, owner: str) -> bool:
        """Return the permits of `owner`."""


@dataclass(slots=True)
class Slot:
    """One of a function's slots, taken by a batch."""

    until_ms: int  # epoch ms; from then on another batch may have it, unless it is renewed

    def must_last(self, *, now: datetime) -> None:
        """Make sure that the slot is still the batch's, before it begins more events.

        Raises:
            Transient: code `slot_ended`: nobody could renew it, and another batch may have it.
        """
        if now.timestamp() * 1000 >= self.until_ms:
            raise Transient("the batch has lost its slot", code="slot_ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitRuns:
    """Admits batches."""

    permits: Permits
    hints: Hints[RunMessage]
    dice: Callable[[], float]  # random numbers from 0 to 1
    new_owner: Callable[[], str]  # makes a name for a batch
    clock: Callable[[], datetime]
    wait: Wait = Event.wait

    @contextmanager
    def slot(self, function: Function, messages: Sequence[RunMessage]) -> Iterator[Slot | None]:
        """Occupy one of the function's slots; without one, requeue the messages and yield None.

        A batch runs its events one after the other, so it needs one slot. The slot's lease is
        renewed until the block ends. A run that waits loses no attempt.

        Raises:
            Transient: the store does not answer, or the queue did not take the messages.
        """
        owner, cap = self.new_owner(), function.limits.concurrent_runs
        tenant, name = function.tenant, function.name
        slot = Slot(self._end_ms())
        lease_ms = concurrency.RUN_LEASE_MS
        if not self.permits.acquire(
            tenant, name, owner=owner, wanted=1, cap=cap, lease_ms=lease_ms
        ):
            self.hints.send(messages, delay_s=round(WAIT_S * (1 + self.dice())))
            yield None
            return

        def renew() -> None:
            until_ms = self._end_ms()
            with suppress(Transient):  # the next renewal may succeed, and else the slot ends
                if self.permits.renew(tenant, name, owner=owner, lease_ms=lease_ms):
                    slot.until_ms = until_ms

        try:
            with renewing(renew, every_s=concurrency.RENEW_EVERY_S, wait=self.wait):
                yield slot
        finally:
            with suppress(Transient):  # the runs are recorded, and the lease will end
                self.permits.release(tenant, name, owner=owner)

    def _end_ms(self) -> int:
        return int(self.clock().timestamp() * 1000) + concurrency.RUN_LEASE_MS
