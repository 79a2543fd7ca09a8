"""Send out what a stored run asks for."""

from dataclasses import dataclass, field
from typing import Protocol

from runtime.core.deliveries import replay
from runtime.core.deliveries.delivery import Delivery
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events.envelope import MAX_HOPS
from runtime.core.functions.hints import hint_delay_s, run_hint
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Run
from runtime.core.functions.run_effects import Outgoing
from runtime.core.json_text import dump
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.ports import Bus, Hints


class Deliveries(Protocol):
    """Stores deliveries."""

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery, or None."""

    def add(self, delivery: Delivery) -> bool:
        """Store a delivery unless it has a record already; returns whether it was stored."""

    def replace(self, old: Delivery, new: Delivery, /) -> bool:
        """Store `new` in the place of `old`; False when `old` has changed meanwhile."""


class Parked(Protocol):
    """Keeps what cannot be processed, until a person looks at it."""

    def park(self, body: str, *, code: str, reason: str) -> None:
        """Keep `body`, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRun:
    """Sends a run's effects.

    Their ids derive from the run, so sending them again does no harm.
    """

    bus: Bus
    deliver_queue: Hints[DeliverMessage]
    run_queue: Hints[RunMessage]
    deliveries: Deliveries
    parked: Parked
    queue_delay_max_s: int
    races: Races = field(default_factory=Races)

    def __call__(self, run: Run, out: Outgoing) -> None:
        """Send everything that a stored run sends out.

        Raises:
            Transient: not everything was sent; call again with the same run.
        """
        for delivery in out.recorded:
            if not self.deliveries.add(delivery):
                self._remake(delivery)
        for raw in out.looped:
            reason = f"passed through more than {MAX_HOPS} functions: a loop"
            self.parked.park(dump(raw), code="loop", reason=reason)
        self.bus.put(out.events)
        self.deliver_queue.send(out.messages)
        delay_s = hint_delay_s(run, queue_delay_max_s=self.queue_delay_max_s)
        if delay_s is not None:
            self.run_queue.send([run_hint(run)], delay_s=delay_s)

    def _remake(self, by_run: Delivery) -> None:
        """Bring the record of a delivery up to date, if the run could not make it before.

        An earlier call for this run may have stored the record; then nothing changes.
        """
        for _ in self.races:
            stored = self.deliveries.find(by_run.id)
            after = None if stored is None else replay.remade(stored, by_run)
            if stored is None or after is None or self.deliveries.replace(stored, after):
                return
        raise Transient("the delivery keeps changing", code="delivery_changed")
