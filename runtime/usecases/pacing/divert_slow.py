"""What is bound for a slow endpoint moves to a queue of its own before anybody waits for it.

An attempt holds its worker until the answer is there, and workers are few: a slow endpoint's
deliveries would hold them all, and everybody else's would wait.
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
    """Where health rests."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each, at most a second old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DivertSlow:
    """Stands before `deliver`; what has moved already goes through."""

    endpoints: Endpoints
    hints: Hints[DeliverMessage]
    deliver: Callable[[Sequence[DeliverMessage]], Results]
    clock: Callable[[], datetime]
    _aside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    def __call__(self, messages: Sequence[DeliverMessage]) -> Results:
        """For each message None, or the error that says park or retry.

        Killed between move and answer, it leaves two messages about one attempt: the record lets
        one of them make it.
        """
        try:
            moves = self._moves(messages)
        except Transient as problem:
            return [problem] * len(messages)
        moving = [each for each, moved in zip(messages, moves, strict=True) if moved]
        staying = [each for each, moved in zip(messages, moves, strict=True) if not moved]
        # Meanwhile, so that nobody's attempt waits for what is not theirs.
        sent = self._aside.submit(self._send, moving) if moving else None
        results = iter(self.deliver(staying) if staying else ())
        trouble = sent.result() if sent else None
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
