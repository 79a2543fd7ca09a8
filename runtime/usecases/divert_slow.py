"""What is bound for a slow endpoint moves to a queue of its own before anybody waits for it.

An attempt holds its worker until the answer is there, and workers are few: a slow endpoint's
deliveries would hold them all, and everybody else's would wait.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from runtime.core import endpoint_health
from runtime.core.endpoint_health import Health
from runtime.core.messages import DeliverMessage
from runtime.errors import PenstockError, Transient

Key = tuple[str, str]
Results = Sequence[PenstockError | None]


class Endpoints(Protocol):
    """Where health rests."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each, at most a second old."""


class Hints(Protocol):
    """The slow queue."""

    def send(self, messages: Iterable[DeliverMessage]) -> None:
        """Queue them all; raises Transient if some may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DivertSlow:
    """Stands before `deliver`; what has moved already goes through."""

    endpoints: Endpoints
    hints: Hints
    deliver: Callable[[Sequence[DeliverMessage]], Results]
    clock: Callable[[], datetime]

    def __call__(self, messages: Sequence[DeliverMessage]) -> Results:
        """For each message None, or the error that says park or retry.

        Killed between move and answer, it leaves two messages about one attempt: the record lets
        one of them make it.
        """
        try:
            slow = self._slow(messages)
            moving = [each for each in messages if _key(each) in slow and not each.slow]
            if moving:
                self.hints.send(replace(each, slow=True) for each in moving)
        except Transient as problem:
            return [problem] * len(messages)
        staying = [each for each in messages if _key(each) not in slow or each.slow]
        results = iter(self.deliver(staying) if staying else ())
        return [
            None if _key(each) in slow and not each.slow else next(results) for each in messages
        ]

    def _slow(self, messages: Sequence[DeliverMessage]) -> set[Key]:
        now_ms = int(self.clock().timestamp() * 1000)
        healths = self.endpoints.known(map(_key, messages))
        return {key for key in healths if endpoint_health.is_slow(healths[key], now_ms=now_ms)}


def _key(message: DeliverMessage) -> Key:
    return message.tenant, message.webhook_id
