"""Stand-ins for what is not ours: clocks, the sandbox's answers, tables and queues in memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from runtime.core.deliveries.delivery import Delivery, Selection
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Function
from runtime.core.ids import Key
from runtime.core.matching.matching import Index
from runtime.core.pacing import concurrency, rate_limit
from runtime.core.pacing.endpoint_health import Health
from runtime.core.pacing.rate_limit import RateLimit
from runtime.core.page import Page
from runtime.core.timestamps import moment
from runtime.core.webhooks.webhook import Webhook
from tests.builders import NOW


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: str = NOW) -> None:
        self.now = moment(now)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)


Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def a_result(run_id: str = "", **changes: Any) -> dict[str, Any]:
    """The sandbox's result for one event: it returned nothing and did nothing."""
    return {
        "run_id": run_id,
        "outcome": "returned",
        "output": None,
        "error": None,
        "findings": [],
        "logs": [],
        "effects": [],
        "duration_ms": 1.5,
        "isolation": "seccomp",
        "engine": "restricted",
    } | changes


class ScriptedSandbox:
    """Answers each event with what `script` says; an exception is raised instead of an answer."""

    def __init__(self, script: Answer | None = None) -> None:
        self.script: Answer = script or (lambda _event: {})
        self.jobs: list[Mapping[str, Any]] = []
        self.faults: list[Exception] = []
        self.before_answer: Callable[[], None] = lambda: None

    def run(self, tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job."""
        assert tenant == job["tenant"]
        self.jobs.append(job)
        if self.faults:
            raise self.faults.pop(0)
        engine = job["engine"]
        results = [
            a_result(each["run_id"], **{"engine": engine, **self.script(each)})
            for each in job["events"]
        ]
        self.before_answer()
        return {"v": 1, "isolation": "seccomp", "engine": engine, "results": results}


class Journal:
    """Keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []

    def __call__(self, line: Mapping[str, Any]) -> None:
        """Write a line."""
        self.lines.append(line)


class Failing:
    """Wraps a callable: its first `times` calls raise `problem` instead."""

    def __init__(self, call: Callable[..., Any], problem: Exception, *, times: int = 1) -> None:
        self._call = call
        self._problems: list[Exception] = [problem] * times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raise, or call."""
        if self._problems:
            raise self._problems.pop()
        return self._call(*args, **kwargs)


class MemoryDeliveries:
    """Deliveries in a dictionary, with the conditions of the real store."""

    def __init__(self) -> None:
        self.by_id: dict[str, Delivery] = {}
        self.written: list[str] = []
        self.pages: dict[str, set[str]] = {}
        self._lock = Lock()

    def announce(self, deliveries: Iterable[Delivery], /) -> dict[str, str]:
        """List them on a page of their own."""
        listed = {delivery.id for delivery in deliveries}
        page = f"page {len(self.pages)}"
        self.pages[page] = listed
        return dict.fromkeys(listed, page)

    def get(self, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        """Those that have a record, by id."""
        return {each: self.by_id[each] for each in delivery_ids if each in self.by_id}

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery, or None."""
        return self.by_id.get(delivery_id)

    def open(self, delivery: Delivery, /) -> Delivery:
        """The delivery: its body is always at hand."""
        return delivery

    def renew(self, delivery: Delivery, /) -> None:
        """Nothing: what is in a dictionary does not expire."""

    def add(self, delivery: Delivery) -> bool:
        """Store one that has no record yet."""
        with self._lock:
            if delivery.id in self.by_id:
                return False
            return self._write(delivery)

    def replace(self, old: Delivery, new: Delivery, /) -> bool:
        """Store what an attempt has made of `old`, unless another was first."""
        with self._lock:
            now = self.by_id[old.id]
            if (now.next_attempt, now.status) != (old.next_attempt, old.status):
                return False
            return self._write(new)

    async def add_async(self, delivery: Delivery, /) -> bool:
        """The same as `add`: nothing here waits."""
        return self.add(delivery)

    async def replace_async(self, old: Delivery, new: Delivery, /) -> bool:
        """The same as `replace`."""
        return self.replace(old, new)

    def due(self, *, shard: str, now_ms: int, limit: int) -> list[Delivery]:
        """Those due, the longest waiting first; everything lies in shard 0."""
        due = [d for d in self.by_id.values() if d.due_at_ms is not None and d.due_at_ms <= now_ms]
        return sorted(due, key=lambda d: d.due_at_ms or 0)[:limit] if shard == "0" else []

    def hasten(self, old: Delivery, new: Delivery, /) -> bool:
        """Store a delivery that is due earlier, unless it has changed."""
        with self._lock:
            now = self.by_id[old.id]
            if (now.due_at_ms, now.next_attempt) != (old.due_at_ms, old.next_attempt):
                return False
            self.by_id[old.id] = new
            return True

    def lease(self, delivery: Delivery, /, *, until_ms: int) -> bool:
        """Push a due time, unless somebody else has."""
        with self._lock:
            now = self.by_id[delivery.id]
            if now.due_at_ms is None or now.due_at_ms != delivery.due_at_ms:
                return False
            self.by_id[delivery.id] = replace(now, due_at_ms=until_ms)
            return True

    def list(
        self,
        tenant: str,
        selection: Selection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Delivery]:
        """A page of them, by age."""
        each = [d for d in self.by_id.values() if d.tenant == tenant and selection.takes(d)]
        each.sort(key=lambda d: (d.created_at, d.id), reverse=not oldest_first)
        start = 0 if after is None else int(after)
        following = str(start + limit) if len(each) > start + limit else None
        return Page(items=tuple(each[start : start + limit]), after=following)

    def _write(self, delivery: Delivery) -> bool:
        self.by_id[delivery.id] = delivery
        self.written.append(delivery.id)
        return True


class MemoryEndpoints:
    """Endpoints' health in a dictionary, with the conditions of the real store."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Health] = {}
        self.writes = 0

    def known(self, endpoints: Iterable[Key]) -> dict[Key, Health]:
        """The health of each."""
        return {key: self.find(key.tenant, key.id) for key in endpoints}

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health; a healthy one when nothing is known."""
        key = Key(tenant, webhook_id)
        return self.by_key.get(key, Health(tenant=tenant, webhook_id=webhook_id))

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store `new` unless somebody else was first."""
        if self.find(old.tenant, old.webhook_id).revision != old.revision:
            return None
        self.writes += 1
        stored = replace(new, revision=old.revision + 1)
        self.by_key[Key(old.tenant, old.webhook_id)] = stored
        return stored

    def due(self, *, now_ms: int, limit: int) -> list[Health]:
        """Those with unsent notices."""
        assert now_ms
        return [health for health in self.by_key.values() if health.notices][:limit]


class MemoryTurns:
    """Tickets and permits in dictionaries, handed out as the real store does."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.next_ticket: dict[tuple[str, str], int] = {}
        self.grants: dict[str, concurrency.Grants] = {}

    def take(self, tenant: str, holder: str, limit: RateLimit, *, count: int) -> list[int]:
        """The next tickets."""
        key = (tenant + holder, limit.name)
        floor = rate_limit.first_ticket(limit, now_ms=self._now_ms())
        first = max(floor, self.next_ticket.get(key, 0))
        self.next_ticket[key] = first + count
        return [rate_limit.turn_ms(limit, ticket=first + n) for n in range(count)]

    def acquire(self, tenant: str, holder: str, *, owner: str, **asked: int) -> int:
        """Some of the permits wanted."""
        assert tenant
        asked = {"lease_ms": concurrency.DELIVER_LEASE_MS, "now_ms": self._now_ms(), **asked}
        before = self.grants.get(holder, {})
        self.grants[holder], granted = concurrency.acquire(before, owner, **asked)
        return granted

    def renew(self, tenant: str, holder: str, *, owner: str, lease_ms: int) -> bool:
        """Keep them for longer."""
        assert tenant
        before = self.grants[holder]
        after = concurrency.renew(before, owner, now_ms=self._now_ms(), lease_ms=lease_ms)
        self.grants[holder] = after or before
        return after is not None

    def release(self, tenant: str, holder: str, *, owner: str) -> bool:
        """Give them back."""
        assert tenant
        self.grants[holder] = concurrency.release(self.grants[holder], owner)
        return True

    def _now_ms(self) -> int:
        return int(self._clock().timestamp() * 1000)


class MemoryBus:
    """Keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def put(self, events: Iterable[Event]) -> None:
        """Put them all."""
        self.events += events

    @property
    def topics(self) -> list[str]:
        """Of each event."""
        return [event.topic for event in self.events]


class MemoryErasures:
    """Events and profiles that were erased: those that it is told of."""

    def __init__(self, *events: Key) -> None:
        self.events = set(events)

    def of(self, events: Sequence[Event]) -> list[bool]:
        """Whether each is one of them."""
        return [Key(event.tenant, event.id) in self.events for event in events]

    def marked(self, events: Iterable[Key]) -> set[Key]:
        """Those that are among them."""
        return self.events & set(events)


class MemoryEvents:
    """Events in a dictionary."""

    def __init__(self, *events: Event) -> None:
        self.by_key: dict[Key, Event] = {}
        self.put(events)

    def put(self, events: Iterable[Event]) -> None:
        """Store them."""
        self.by_key |= {Key(event.tenant, event.id): event for event in events}

    def find(self, tenant: str, event_id: str) -> Event | None:
        """The event, or None."""
        return self.by_key.get(Key(tenant, event_id))

    def find_many(self, event_keys: Iterable[Key]) -> dict[Key, Event]:
        """Those that there are."""
        return {key: self.by_key[key] for key in event_keys if key in self.by_key}


class MemoryWebhooks:
    """Webhooks and functions in dictionaries, and the index over them."""

    def __init__(self, *webhooks: Webhook, functions: Iterable[Function] = ()) -> None:
        self.by_id = {webhook.id: webhook for webhook in webhooks}
        self.functions = tuple(functions)

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook, or None."""
        found = self.by_id.get(webhook_id)
        return found if found is not None and found.tenant == tenant else None

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """The webhook."""
        found = self.find(tenant, webhook_id)
        assert found is not None
        return found

    def disable(self, tenant: str, webhook_id: str, *, reason: str, at: str = NOW) -> None:
        """Switch it off."""
        webhook = self.find(tenant, webhook_id)
        if webhook is not None and webhook.enabled:
            self.by_id[webhook_id] = replace(
                webhook, enabled=False, disabled_reason=reason, switched_at=at
            )

    def for_tenant(self, tenant: str) -> Index[Webhook | Function]:
        """What the tenant wants to hear."""
        each: list[Webhook | Function] = [*self.by_id.values(), *self.functions]
        return Index([subscription for subscription in each if subscription.tenant == tenant])

    def after_change(self, tenant: str) -> Index[Webhook | Function]:
        """The same: nothing is old here."""
        return self.for_tenant(tenant)
