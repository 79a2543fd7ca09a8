"""Whether a function may run another batch now: its cap on concurrent runs, across all Lambdas."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.core.functions.function import Function
from runtime.core.functions.messages import RunMessage
from runtime.errors import Transient
from runtime.usecases.ports import Hints

WAIT_S: Final = 5  # and up to as much again: whoever waits shall not come back all at once


class Permits(Protocol):
    """Permits on lease, by tenant and function."""

    def acquire(self, tenant: str, holder: str, *, owner: str, wanted: int, cap: int) -> int:
        """How many of the permits wanted `owner` has got."""

    def release(self, tenant: str, holder: str, *, owner: str) -> bool:
        """Give `owner`'s permits back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitRuns:
    """Asks; `dice` gives numbers from 0 to 1, `new_owner` names a batch."""

    permits: Permits
    hints: Hints[RunMessage]
    dice: Callable[[], float]
    new_owner: Callable[[], str]

    @contextmanager
    def slot(self, function: Function, messages: Sequence[RunMessage]) -> Iterator[bool]:
        """Hold one of the function's slots; False, and the messages queued again, if none is free.

        A batch runs its events one after the other, so it needs one slot. Waiting is not failing:
        what waits keeps its attempts.

        Raises:
            Transient: nobody can say, or the queue did not take them.
        """
        owner, cap = self.new_owner(), function.limits.concurrent_runs
        tenant, name = function.tenant, function.name
        if not self.permits.acquire(tenant, name, owner=owner, wanted=1, cap=cap):
            self.hints.send(messages, delay_s=round(WAIT_S * (1 + self.dice())))
            yield False
            return
        try:
            yield True
        finally:
            with suppress(Transient):  # the runs are on record; the lease will end
                self.permits.release(tenant, name, owner=owner)
