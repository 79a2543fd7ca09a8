"""Erase events of a person, with everything that was run and sent for them."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.core.erasure import blank
from runtime.core.events.envelope import Event
from runtime.core.functions.run import Run
from runtime.core.ids import Key
from runtime.core.profiles import profile as profiles
from runtime.errors import Transient
from runtime.races import Races


class Erasures(Protocol):
    """Remembers which events were erased."""

    def mark(self, events: Iterable[Key], /) -> None:
        """Have these events known as erased."""


class Events(Protocol):
    """Keeps events."""

    def find_many(self, event_keys: Iterable[Key], /) -> Mapping[Key, Event]:
        """Those of the events that are kept, by key."""

    def forget(self, event_keys: Iterable[Key], /) -> int:
        """Delete events; returns how many there were."""


class Records(Protocol):
    """Finds the runs and deliveries of events."""

    def runs_of(self, tenant: str, event_ids: Sequence[str], /) -> Iterator[Run]:
        """The runs of these events that have a record."""

    def deliveries_of(self, tenant: str, event_ids: Sequence[str], /) -> Iterator[Delivery]:
        """The deliveries of these events that have a record."""


class Runs(Protocol):
    """Stores runs."""

    def find(self, run_id: str, /) -> Run | None:
        """The run as it stands now."""

    def blank(self, old: Run, new: Run, /) -> bool:
        """Store `new`, which has less, in the place of `old`; False when `old` has changed."""


class Deliveries(Protocol):
    """Stores deliveries."""

    def find(self, delivery_id: str, /) -> Delivery | None:
        """The delivery as it stands now."""

    def blank(self, old: Delivery, new: Delivery, /) -> bool:
        """Store `new`, which has less, in the place of `old`; False when `old` has changed."""


class Texts(Protocol):
    """Stores texts that are too large for their records."""

    def forget(self, *, tenant: str, record_id: str) -> int:
        """Delete every text of the record, named by it or not; returns how many there were."""


class ErrorGroups(Protocol):
    """Stores error groups."""

    def blank(self, tenant: str, name: str, run_ids: Container[str], /) -> int:
        """Take from a function's groups the messages that these runs gave; returns how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was done to some events."""

    counts: Counter[str] = field(default_factory=Counter)  # records that held anything, by store
    # The ids by which the raw log and the warehouse know the events.
    profile_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseEvents:
    """Erases events: marks them first, so that nothing more is made of them."""

    erasures: Erasures
    events: Events
    records: Records
    runs: Runs
    deliveries: Deliveries
    texts: Texts
    error_groups: ErrorGroups
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, event_ids: Sequence[str]) -> Erased:
        """Erase these events of the tenant. To do it again changes nothing.

        Raises:
            Transient: something may be left; erase the same events again.
        """
        if not event_ids:
            return Erased()
        event_keys = [Key(tenant, each) for each in event_ids]
        self.erasures.mark(event_keys)
        kept = self.events.find_many(event_keys)
        begun = {profiles.id_of(event) for event in kept.values()}
        counts = Counter[str]()
        runs = list(self.records.runs_of(tenant, event_ids))
        # Before the runs: which of them have failed, a blank run does not say.
        counts["error_groups"] += self._blank_errors(tenant, runs)
        counts["runs"] += sum(map(self._blank_run, runs))
        deliveries = self.records.deliveries_of(tenant, event_ids)
        counts["deliveries"] += sum(map(self._blank_delivery, deliveries))
        # Last: what an event says, tells the next worker whom else it names, should this one end.
        counts["events"] += self.events.forget(event_keys)
        return Erased(
            counts=counts, profile_ids=frozenset(each for each in begun if each is not None)
        )

    def _blank_errors(self, tenant: str, runs: Iterable[Run]) -> int:
        failed: dict[str, set[str]] = {}
        for run in runs:
            if run.error is not None:
                failed.setdefault(run.function, set()).add(run.id)
        return sum(self.error_groups.blank(tenant, name, each) for name, each in failed.items())

    def _blank_run(self, run: Run) -> bool:
        # Before the record: it names the text, so whoever is killed in between finds both again.
        self.texts.forget(tenant=run.tenant, record_id=run.id)
        for lost in self.races:
            now = self.runs.find(run.id) if lost else run
            empty = None if now is None else blank.run(now)
            if now is None or empty is None or empty == now:
                return False
            if self.runs.blank(now, empty):
                return True
        raise Transient("the run keeps changing", code="run_changed")

    def _blank_delivery(self, delivery: Delivery) -> bool:
        self.texts.forget(tenant=delivery.tenant, record_id=delivery.id)
        for lost in self.races:
            now = self.deliveries.find(delivery.id) if lost else delivery
            empty = None if now is None else blank.delivery(now)
            if now is None or empty is None or empty == now:
                return False
            if self.deliveries.blank(now, empty):
                return True
        raise Transient("the delivery keeps changing", code="delivery_changed")
