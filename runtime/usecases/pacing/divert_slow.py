"""Moves deliveries for slow endpoints to a queue of their own before a worker waits for them.

An attempt occupies its worker until the answer arrives, and workers are few. The deliveries of one
slow endpoint would occupy all of them, and all other deliveries would wait.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.ids import Key
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Health
from runtime.errors import PenstockError, Transient
from runtime.usecases.ports import Hints

Results = Sequence[PenstockError | None]


class Endpoints(Protocol):
    """Stores the health of endpoints."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each endpoint, as it was at most a second ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DivertSlow:
    """Moves the messages for slow endpoints, and passes the others to `deliver`.

    A message that was moved once is passed on, too.
    """

    endpoints: Endpoints
    hints: Hints[DeliverMessage]
    deliver: Callable[[Sequence[DeliverMessage]], Results]
    clock: Callable[[], datetime]
    _aside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    def __call__(self, messages: Sequence[DeliverMessage]) -> Results:
        """Deliver or move each message of a batch.

        Returns, for each message, None or its error; the error's class says whether the message is
        parked or tried again.

        After a kill between the move and the answer, two messages ask for one attempt. The
        delivery's record lets only one of them make it.
        """
        try:
            moves = self._moves(messages)
        except Transient as problem:
            return [problem] * len(messages)
        moving = [each for each, moved in zip(messages, moves, strict=True) if moved]
        staying = [each for each, moved in zip(messages, moves, strict=True) if not moved]
        # The move runs in a thread beside the attempts, so that no attempt waits for it.
        move = self._aside.submit(self._send, moving) if moving else None
        results = iter(self.deliver(staying) if staying else ())
        trouble = move.result() if move else None
        return [trouble if moved else next(results) for moved in moves]

    def _moves(self, messages: Sequence[DeliverMessage]) -> list[bool]:
        now_ms = int(self.clock().timestamp() * 1000)
        keys = [Key(each.tenant, each.webhook_id) for each in messages]
        healths = self.endpoints.known(keys)
        return [
            not each.slow and endpoint_health.is_slow(healths[key], now_ms=now_ms)
            for key, each in zip(keys, messages, strict=True)
        ]

    def _send(self, moving: Sequence[DeliverMessage]) -> Transient | None:
        try:
            self.hints.send(replace(each, slow=True) for each in moving)
        except Transient as problem:
            return problem
        return None
