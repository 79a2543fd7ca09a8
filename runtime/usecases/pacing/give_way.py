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
            BadInput: one is too large for the queue; then none is there.
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
            BadInput: one is too large for the queue; then none is there.
        """
        now_ms = int(self.clock().timestamp() * 1000)
        late = {  # the tenant of each late message, by the message's number in the batch
            number: tenant
            for number, each in enumerate(messages)
            if noisy.is_late(each, now_ms=now_ms)
            and (tenant := self.tenant_of(each.body)) is not None
        }
        self._late = noisy.remember(self._late, late.values(), now_ms=now_ms)
        tenants = noisy.noisy(self._late)
        leaving = [
            number
            for number, tenant in late.items()
            if tenant in tenants and not messages[number].gave_way
        ]
        if not leaving or not self.has_others():
            return [False for _ in messages]
        moved = self.backlog.put_last((late[number], messages[number].body) for number in leaving)
        gone = set(compress(leaving, moved))
        self.journal(
            {
                "message": "events.gave_way",
                "tenants": sorted({late[number] for number in gone}),
                "measures": {"gave_way": len(gone)},
            }
        )
        return [number in gone for number in range(len(messages))]
