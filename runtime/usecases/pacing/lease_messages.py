"""Keep a batch's messages from other workers while their own is at work, and not for longer.

A queue must hide a message for longer than its function may take. Without a lease, the messages of
a killed worker would stay hidden for all of that time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

from runtime.core.pacing import message_lease
from runtime.core.pacing.message_lease import Received
from runtime.errors import Transient
from runtime.usecases.pacing.renewing import Wait, renewing


class Messages(Protocol):
    """The messages that a queue has handed out."""

    def hide(self, for_s: Mapping[str, int]) -> None:
        """Hide each message, named by its receipt, for so many seconds from now.

        Raises:
            Transient: some were not hidden anew; for them nothing has changed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseMessages:
    """Leases messages to this process."""

    messages: Messages
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each call that failed
    lease_s: int = message_lease.LEASE_S
    renew_every_s: float = message_lease.RENEW_EVERY_S
    wait: Wait = Event.wait

    @contextmanager
    def held(self, batch: Sequence[Received]) -> Iterator[None]:
        """Lease the batch, and renew the lease until the block ends.

        If the lease cannot be had, the work goes on: then the queue hides the batch for as long as
        it always does.
        """
        for_s = {each.receipt: self.lease_s for each in batch}
        self._hide(for_s)
        with renewing(lambda: self._hide(for_s), every_s=self.renew_every_s, wait=self.wait):
            yield

    def put_back(self, failed: Sequence[Received]) -> None:
        """Let these come again, each after a pause that grows with its tries.

        A lease is far shorter than most outages, so five tries by its end would be over soon.
        """
        if failed:
            self._hide({each.receipt: message_lease.pause_s(each.tries) for each in failed})

    def _hide(self, for_s: Mapping[str, int]) -> None:
        try:
            self.messages.hide(for_s)
        except Transient as problem:
            self.journal(
                {
                    "message": "lease.not_renewed",
                    "messages": len(for_s),
                    "code": problem.code,
                    "reason": problem.message,
                }
            )
