"""Turns an event into one message for each delivery and each run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.erasure.blank import dropped_line
from runtime.core.events import bus_event, topics
from runtime.core.events.bus_event import Arrived
from runtime.core.events.envelope import Event
from runtime.core.formats import payload
from runtime.core.functions.function import Function
from runtime.core.functions.messages import RunMessage
from runtime.core.matching.matching import Index
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import PenstockError, Permanent, Transient
from runtime.usecases.matching.messages_of import delivery_of, run_of
from runtime.usecases.ports import Erasures, Hints, Quota, no_quota

# The ways by which events come that no quota counts here: the API has counted its own, and what the
# platform tells of itself is not the tenant's.
COUNTED_OR_OURS: Final = frozenset({"api", "system"})


class Events(Protocol):
    """Keeps events."""

    def put(self, events: Iterable[Event], /) -> None:
        """Store events; the same event again changes nothing.

        Raises:
            Transient: some of them may not be stored.
        """


class Subscriptions(Protocol):
    """The subscriptions of each tenant."""

    def for_tenant(self, tenant: str) -> Index[Webhook | Function]:
        """The tenant's compiled subscriptions, at most a few seconds old."""

    def after_change(self, tenant: str) -> Index[Webhook | Function]:
        """The same as they are now, for an event that tells of a change."""


@dataclass(slots=True)
class _Batch:
    """The messages of many records, and the result of each record."""

    results: list[PenstockError | None]  # one for each record; None for one without an error
    # Each message with the number of its record, from 0.
    deliveries: list[tuple[int, DeliverMessage]] = field(default_factory=list)
    runs: list[tuple[int, RunMessage]] = field(default_factory=list)  # likewise

    def fail(self, records: Iterable[int], problem: Transient) -> None:
        for record in records:
            self.results[record] = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """Keeps each event, and sends a message for each subscription that it reaches.

    An event is kept before the first message leaves, so that whatever comes of it can be done
    again. The ids of deliveries and runs derive from the event, so a repeated event makes no new
    ones.
    """

    events: Events
    erasures: Erasures
    subscriptions: Subscriptions
    deliver: Hints[DeliverMessage]
    run: Hints[RunMessage]
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each event that is dropped
    quota: Quota = no_quota  # of events, a tenant's a day

    def __call__(self, bodies: Sequence[str]) -> list[PenstockError | None]:
        """Fan out each record of a queue.

        Returns, for each record, None or its error; the error's class says whether the record is
        parked or tried again.
        """
        now = timestamp(self.clock())
        batch = _Batch([None] * len(bodies))
        events: list[tuple[int, Arrived]] = []
        for number, body in enumerate(bodies):
            try:
                events.append((number, bus_event.parse_arrived(body, now=now)))
            except PenstockError as problem:
                batch.results[number] = problem
        for number, arrived in self._kept(self._within_quotas(events, batch), batch):
            self._matched(number, arrived, batch)
        self._send(batch)
        return batch.results

    def _within_quotas(
        self, events: Sequence[tuple[int, Arrived]], batch: _Batch
    ) -> Sequence[tuple[int, Arrived]]:
        """The events but those beyond their tenant's quota, which are parked with the reason."""
        by_tenant: dict[str, list[int]] = {}
        for number, arrived in events:
            if arrived.event.origin not in COUNTED_OR_OURS:
                by_tenant.setdefault(arrived.event.tenant, []).append(number)
        for tenant, numbers in by_tenant.items():
            try:
                beyond = numbers[self.quota(tenant, count=len(numbers)) :]
            except Transient as problem:
                batch.fail(numbers, problem)
                continue
            for number in beyond:
                batch.results[number] = Permanent(
                    f"the tenant {tenant} has used its quota of events of this day; move this back"
                    " on another, or raise the quota first",
                    code="quota_exceeded",
                )
        return [each for each in events if batch.results[each[0]] is None]

    def _kept(
        self, events: Sequence[tuple[int, Arrived]], batch: _Batch
    ) -> Sequence[tuple[int, Arrived]]:
        """Keep the events but those of erased people; returns those that are kept."""
        try:
            erased = self.erasures.of([each.event for _, each in events])
            kept = [each for each, gone in zip(events, erased, strict=True) if not gone]
            self.events.put(each.event for _, each in kept)
        except Transient as problem:
            batch.fail((number for number, _ in events), problem)
            return ()
        for (_, each), gone in zip(events, erased, strict=True):
            if gone:
                self.journal(dropped_line(each.event))
        return kept

    def _matched(self, number: int, arrived: Arrived, batch: _Batch) -> None:
        try:
            self._match(number, arrived, batch)
        except PenstockError as problem:
            batch.results[number] = problem

    def _match(self, number: int, arrived: Arrived, batch: _Batch) -> None:
        event = arrived.event
        matched = self._subscriptions_for(event).match(event)
        webhooks = [each for each in matched if isinstance(each, Webhook)]
        plain = [webhook for webhook in webhooks if webhook.transform is None]
        if plain:
            body = payload.render(event)
            batch.deliveries += [
                (number, delivery_of(event, hook, body=body, accepted_at=arrived.accepted_at))
                for hook in plain
            ]
        functions = [each for each in matched if isinstance(each, Function)]
        transformed = [webhook for webhook in webhooks if webhook.transform is not None]
        batch.runs += [(number, run_of(event, each)) for each in functions]
        batch.runs += [(number, run_of(event, each)) for each in transformed]

    def _subscriptions_for(self, event: Event) -> Index[Webhook | Function]:
        if topics.tells_of_change(event.topic):
            return self.subscriptions.after_change(event.tenant)
        return self.subscriptions.for_tenant(event.tenant)

    def _send(self, batch: _Batch) -> None:
        # The queues fail independently: when the run queue is down, deliveries must not repeat.
        try:
            if batch.deliveries:
                self.deliver.send(message for _, message in batch.deliveries)
        except Transient as problem:
            batch.fail({number for number, _ in batch.deliveries}, problem)
        try:
            if batch.runs:
                self.run.send(message for _, message in batch.runs)
        except Transient as problem:
            batch.fail({number for number, _ in batch.runs}, problem)
