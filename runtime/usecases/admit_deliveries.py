"""Which deliveries of a batch may be attempted now, and until when the others wait.

Waiting is not failing: what waits keeps its attempts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core import endpoint_health
from runtime.core.delivery import Delivery
from runtime.core.endpoint_health import Closed, Health, Open, Probe
from runtime.core.webhook import Webhook

Key = tuple[str, str]


class Endpoints(Protocol):
    """Where health rests."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each, at most a second old."""

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health as it stands now."""

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store `new` in the place of `old`; what is stored, or None when another was first."""


@dataclass(frozen=True, slots=True)
class Go:
    """Attempt it; a probe tells whether an open breaker may close."""

    probe: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Not before `until_ms`, because of `why`."""

    until_ms: int
    why: str


Admission = Go | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitDeliveries:
    """Asks the breakers; `dice` gives numbers from 0 to 1."""

    endpoints: Endpoints
    clock: Callable[[], datetime]
    dice: Callable[[], float]

    def __call__(self, waiting: Sequence[tuple[Webhook, Delivery]]) -> list[Admission]:
        """For each of these first in line, whether it may go.

        Raises:
            Transient: nobody can say; nothing may be sent then.
        """
        groups: dict[Key, list[int]] = {}
        for number, (webhook, _) in enumerate(waiting):
            groups.setdefault((webhook.tenant, webhook.id), []).append(number)
        healths = self.endpoints.known(groups)
        admissions: dict[int, Admission] = {}
        for key, numbers in groups.items():
            admissions |= zip(numbers, self._through(healths[key], len(numbers)), strict=True)
        return [admissions[number] for number in range(len(waiting))]

    def _through(self, health: Health, count: int) -> Iterator[Admission]:
        """What the breaker says to so many."""
        now_ms = int(self.clock().timestamp() * 1000)
        gate = endpoint_health.gate(health, now_ms=now_ms)
        if isinstance(gate, Probe):
            if self.endpoints.replace(health, gate.claim) is not None:
                yield Go(probe=True)
                yield from self._held(gate.claim, now_ms, count - 1)
                return
            health = self.endpoints.find(health.tenant, health.webhook_id)
            gate = endpoint_health.gate(health, now_ms=now_ms)
        match gate:
            case Closed():
                yield from (Go() for _ in range(count))
            case Probe() | Open():
                yield from self._held(health, now_ms, count)

    def _held(self, health: Health, now_ms: int, count: int) -> Iterator[Hold]:
        until_ms = max(now_ms, health.open_until_ms or 0)
        for _ in range(count):
            asks_ms = endpoint_health.wait_until_ms(health, until_ms=until_ms, dice=self.dice())
            yield Hold(asks_ms, "circuit_open")
