"""Lets the messages of a tenant who has very many give way to those of the others.

The bus fills one queue with the events of all tenants, in the order in which they come. So whoever
sends a hundred thousand at once stands before the others. To move a message to the end of its queue
takes a fraction of the time that its matching takes. There it has its tenant's group, and SQS hands
out messages of a group that has many in work after those of others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import Any, Protocol

from runtime.core.pacing import noisy
from runtime.core.pacing.noisy import Late, Waiting


class Backlog(Protocol):
    """The queue that the messages were taken off."""

    def put_last(self, bodies: Iterable[tuple[str, str]], /) -> Sequence[bool]:
        """Put messages at the end, each after its tenant; whether each is there.

        Raises:
            Transient: some may be there.
            BadInput: one is too large for the queue.
        """


@dataclass(slots=True, kw_only=True)
class GiveWay:
    """Moves late messages of noisy tenants to the end of the queue, each of them once.

    A worker looks only at what it takes off the queue itself. It does nothing while there is no
    backlog, because then nobody waits for anybody.
    """

    backlog: Backlog
    # Whose a message is, by its body; None for one that stays because it cannot be read.
    tenant_of: Callable[[str], str | None]
    has_others: Callable[[], bool]  # whether the installation has more than one tenant
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each batch that gives way
    _late: tuple[Late, ...] = field(default=(), init=False)  # the last that this worker took

    def __call__(self, messages: Sequence[Waiting], /) -> Sequence[bool]:
        """Put those of a batch at the end of the queue that give way.

        Returns:
            Whether each is there. It needs no more work now, because it comes again.

        Raises:
            Transient: it cannot be said which are there; some may come twice.
            BadInput: one is too large for the queue; the others may be there.
        """
        now_ms = int(self.clock().timestamp() * 1000)
        tenants = [
            self.tenant_of(each.body) if noisy.is_late(each, now_ms=now_ms) else None
            for each in messages
        ]
        seen = (tenant for tenant in tenants if tenant is not None)
        self._late = noisy.remember(self._late, seen, now_ms=now_ms)
        loud = noisy.noisy(self._late)
        leaves = [
            tenant in loud and not each.gave_way
            for each, tenant in zip(messages, tenants, strict=True)
        ]
        if not any(leaves) or not self.has_others():
            return [False for _ in messages]
        leaving = [
            (tenant or "", each.body)
            for each, tenant in compress(zip(messages, tenants, strict=True), leaves)
        ]
        moved = self.backlog.put_last(leaving)
        self.journal(
            {
                "message": "events.gave_way",
                "tenants": sorted({tenant for tenant, _ in compress(leaving, moved)}),
                "measures": {"gave_way": sum(moved)},
            }
        )
        answers = iter(moved)
        return [leaves_now and next(answers) for leaves_now in leaves]
