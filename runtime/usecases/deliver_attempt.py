"""One attempt at each of a batch of deliveries.

The record is the truth and the message a hint: read the record, POST, and write what came of it
together with the next due time in one conditional write. A crash between POST and write repeats the
POST, under the same webhook-id; nothing is lost anywhere. Who may not be tried now waits on record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from runtime.core import attempt, redact, schedule
from runtime.core.attempt import Dead, Delivered, Disable, Outcome, Posted, RetryAt
from runtime.core.delivery import Attempt, Delivery, Status
from runtime.core.endpoint_health import Seen
from runtime.core.envelope import timestamp
from runtime.core.matching import Index
from runtime.core.messages import DeliverMessage
from runtime.core.webhook import Webhook
from runtime.errors import BadInput, PenstockError, Transient
from runtime.usecases.admit_deliveries import Admission, Hold
from runtime.usecases.courier import Courier, Credentials
from runtime.usecases.sweep_due import delivery_hint

STORE_THREADS: Final = 10  # one for each message of a batch: a write never waits for another's
T = TypeVar("T")


class Deliveries(Protocol):
    """Where deliveries rest."""

    def get(self, delivery_ids: Iterable[str]) -> Mapping[str, Delivery]:
        """Those that have a record, as they stand now (strong read), by id."""

    def add(self, delivery: Delivery) -> bool:
        """Store one that has no record yet; whether it had none."""

    def replace(self, old: Delivery, new: Delivery, /) -> bool:
        """Store what an attempt has made of `old`; False when another attempt was first."""


class Webhooks(Protocol):
    """Where webhooks rest."""

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook as it stands now, or None."""


class Subscriptions(Protocol):
    """The same webhooks, at most a few seconds old, for nothing."""

    def for_tenant(self, tenant: str) -> Index:
        """The tenant's compiled subscriptions."""


class Hints(Protocol):
    """The deliver queue."""

    def send(self, messages: Iterable[DeliverMessage], *, delay_s: int = 0) -> None:
        """Queue them all; raises Transient if some may be missing."""


class Admit(Protocol):
    """Says which deliveries may be attempted now."""

    def __call__(self, waiting: Sequence[tuple[Webhook, Delivery]], /) -> Sequence[Admission]:
        """One answer each; raises Transient when nobody can say."""


class Endpoints(Protocol):
    """Keeps account of how endpoints do, and does what follows from it."""

    def observe(self, tenant: str, webhook_id: str, seen: Sequence[Seen]) -> None:
        """Take note of how attempts went, in the order they ended."""


class _Loop:
    """An event loop that outlives the batch, so that connections stay open between batches."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="store")

    def gather(self, works: Iterable[Awaitable[T]]) -> list[T | BaseException]:
        """Do all at once; a failure is the result of its own work and touches no other."""

        async def everything() -> list[T | BaseException]:
            return await asyncio.gather(*works, return_exceptions=True)

        return self._runner.run(everything())

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work while others go on."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        self._runner.close()
        self._threads.shutdown()


@dataclass(frozen=True, slots=True)
class _Job:
    """An attempt with all that it needs; `record` None before the first.

    `hold` says that it must wait, `probe` that an open breaker lets this one through.
    """

    record: Delivery | None
    delivery: Delivery
    webhook: Webhook | None
    credentials: Credentials
    started: datetime
    hold: Hold | None = None
    probe: bool = False


_Prepared = _Job | BaseException | None
_Seen = list[tuple[Webhook, Seen]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverAttempts:
    """Makes attempts. `dice` gives numbers from 0 to 1; `journal` takes one line an attempt."""

    deliveries: Deliveries
    webhooks: Webhooks
    subscriptions: Subscriptions
    hints: Hints
    courier: Courier
    admit: Admit
    endpoints: Endpoints
    clock: Callable[[], datetime]
    dice: Callable[[], float]
    journal: Callable[[Mapping[str, Any]], None]
    queue_delay_max_s: int = 900
    _loop: _Loop = field(default_factory=_Loop)

    def deliver_all(self, messages: Sequence[DeliverMessage]) -> list[PenstockError | None]:
        """Make every attempt at once; for each message None, or the error that says park or retry.

        A slow receiver holds up nothing but its own message. A fault of ours is never recorded as
        the receiver's: it makes the message come back.
        """
        unique = list(dict.fromkeys((each.delivery_id, each.attempt) for each in messages))
        first = {(each.delivery_id, each.attempt): each for each in reversed(messages)}
        try:
            records = self.deliveries.get(dict.fromkeys(key for key, _ in unique))
        except Transient as problem:
            return [problem] * len(messages)
        # Prepared before the first request: a store that hangs must not eat a receiver's time.
        prepared = self._loop.gather(
            self._prepare(first[key], records.get(key[0])) for key in unique
        )
        seen: _Seen = []
        results = self._loop.gather(self._deliver(job, seen) for job in self._admitted(prepared))
        self._observe(seen)
        verdicts = dict(zip(unique, map(_verdict, results), strict=True))
        return [verdicts[each.delivery_id, each.attempt] for each in messages]

    def close(self) -> None:
        """Close idle connections, the loop and its threads."""
        self.courier.close()
        self._loop.close()

    async def _prepare(self, message: DeliverMessage, record: Delivery | None) -> _Job | None:
        """What the attempt needs; None for a stale hint: somebody has made this attempt already."""
        delivery = record or self._new(message)
        if delivery.status is not Status.PENDING or delivery.next_attempt != message.attempt:
            return None
        known = self.subscriptions.for_tenant(message.tenant).webhook(message.webhook_id)
        # The index may be older than the message: only the store can say that there is none.
        webhook = known or self.webhooks.find(message.tenant, message.webhook_id)
        started = self.clock()
        opened = Credentials()
        if webhook is not None and webhook.enabled:
            opened = self.courier.credentials(webhook, now=timestamp(started))
        return _Job(record, delivery, webhook, opened, started)

    def _admitted(self, prepared: Sequence[_Prepared]) -> list[_Prepared]:
        """The same, but for those that have to wait."""
        waiting = [
            (job.webhook, job.delivery)
            for job in prepared
            if isinstance(job, _Job) and job.webhook is not None and job.webhook.enabled
        ]
        try:
            answers = iter(self.admit(waiting) if waiting else ())
        except Transient as problem:
            return [problem if isinstance(job, _Job) else job for job in prepared]
        return [
            _told(job, next(answers))
            if isinstance(job, _Job) and job.webhook is not None and job.webhook.enabled
            else job
            for job in prepared
        ]

    def _observe(self, seen: _Seen) -> None:
        each: dict[tuple[str, str], list[Seen]] = {}
        for webhook, how in seen:
            each.setdefault((webhook.tenant, webhook.id), []).append(how)
        for (tenant, webhook_id), hows in each.items():
            self.endpoints.observe(tenant, webhook_id, hows)

    async def _deliver(self, job: _Prepared, seen: _Seen) -> None:
        match job:
            case None:
                return
            case BaseException():
                raise job
            case _Job(webhook=webhook):
                if webhook is None or not webhook.enabled:
                    await self._skip(job, "webhook_disabled" if webhook else "webhook_deleted")
                elif job.hold is not None:
                    await self._wait(job, job.hold)
                else:
                    seen.append((webhook, await self._attempt(job, webhook)))

    async def _skip(self, job: _Job, reason: str) -> None:
        skipped = replace(job.delivery, status=Status.SKIPPED, reason=reason, due_at_ms=None)
        await self._record(job.record, skipped)

    async def _wait(self, job: _Job, hold: Hold) -> None:
        held = replace(job.delivery, due_at_ms=hold.until_ms, reason=hold.why)
        if await self._record(job.record, held):
            await self._hint(held, hold.until_ms)

    async def _attempt(self, job: _Job, webhook: Webhook) -> Seen:
        posted = await self.courier.post(
            webhook, job.delivery, credentials=job.credentials, at=job.started
        )
        outcome = attempt.judge(
            posted.happening,
            attempt=job.delivery.next_attempt,
            now=self.clock(),
            dice=self.dice(),
            schedule_s=_schedule_of(webhook),
        )
        after = _after(job.delivery, posted, outcome, started=job.started)
        ours = await self._record(job.record, after)
        self.journal(_line(after, posted, recorded=ours))
        if ours:
            await self._follow(after, outcome)
        error = attempt.error_code(posted.happening)
        return Seen(error=error, gone=isinstance(outcome, Disable), probe=job.probe)

    def _new(self, message: DeliverMessage) -> Delivery:
        if message.body is None or message.attempt != 1:
            raise BadInput("there is no record of this delivery", code="no_record")
        return Delivery(
            id=message.delivery_id,
            tenant=message.tenant,
            webhook_id=message.webhook_id,
            event_id=message.event_id,
            topic=message.topic,
            status=Status.PENDING,
            body=message.body,
            created_at=timestamp(self.clock()),
        )

    async def _record(self, record: Delivery | None, after: Delivery) -> bool:
        def write() -> bool:
            if record is None:
                return self.deliveries.add(after)
            return self.deliveries.replace(record, after)

        return await self._loop.in_thread(write)

    async def _follow(self, after: Delivery, outcome: Outcome) -> None:
        """What the record makes necessary. Lost here, the sweep finds it."""
        match outcome:
            case RetryAt(at_ms=at_ms):
                await self._hint(after, at_ms)
            case Delivered() | Dead() | Disable():
                return

    async def _hint(self, after: Delivery, at_ms: int) -> None:
        """What is due soon rides on the queue; what is due later waits for the sweep."""
        delay_s = max(0, round(at_ms / 1000 - self.clock().timestamp()))
        if delay_s <= self.queue_delay_max_s:
            hint = delivery_hint(after)
            await self._loop.in_thread(lambda: self.hints.send([hint], delay_s=delay_s))


def _told(job: _Job, admission: Admission) -> _Job:
    if isinstance(admission, Hold):
        return replace(job, hold=admission)
    return replace(job, probe=admission.probe)


def _schedule_of(webhook: Webhook) -> Sequence[int]:
    own = webhook.retry_schedule_s
    return schedule.DEFAULT_SCHEDULE_S if own is None else own


def _after(delivery: Delivery, posted: Posted, outcome: Outcome, *, started: datetime) -> Delivery:
    """The delivery with this attempt and what follows from it."""
    happening = posted.happening
    made = Attempt(
        number=delivery.next_attempt,
        started_at=timestamp(started),
        duration_ms=posted.duration_ms,
        status=happening.status if isinstance(happening, attempt.Answered) else None,
        error=attempt.error_code(happening),
        sentence=attempt.sentence(happening),
        answer_excerpt=redact.excerpt(posted.answer),
    )
    tried = replace(delivery, attempts=(*delivery.attempts, made), due_at_ms=None, reason=None)
    match outcome:
        case Delivered():
            return replace(tried, status=Status.DELIVERED)
        case RetryAt(at_ms=at_ms):
            return replace(tried, due_at_ms=at_ms)
        case Dead(reason=reason) | Disable(reason=reason):
            return replace(tried, status=Status.DEAD, reason=reason)


def _line(after: Delivery, posted: Posted, *, recorded: bool) -> dict[str, Any]:
    """The one line that is logged of an attempt: flat, and nothing in it that must stay secret."""
    made = after.attempts[-1]
    return {
        "message": "delivery.attempted",
        "tenant": after.tenant,
        "webhook_id": after.webhook_id,
        "delivery_id": after.id,
        "event_id": after.event_id,
        "topic": after.topic,
        "attempt": made.number,
        "outcome": str(after.status) if recorded else "superseded",
        "status": made.status,
        "error": made.error,
        "due_at_ms": after.due_at_ms,
        **posted.timing_ms,
    }


def _verdict(result: BaseException | None) -> PenstockError | None:
    match result:
        case None | Transient():
            return result
        case BadInput(code="no_record"):
            return result
        case PenstockError():
            # Ours all the same, e.g. a secret that does not open: it must come back.
            retry = Transient(result.message, code=result.code)
            retry.__cause__ = result
            return retry
        case Exception():
            retry = Transient(f"{type(result).__name__}: {result}", code="internal")
            retry.__cause__ = result
            return retry
        case _:
            raise result
