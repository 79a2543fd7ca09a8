"""Makes one attempt at each delivery of a batch.

The record is the truth, and the message is only a hint. An attempt reads the record, POSTs, and
writes the outcome and the next due time in one conditional write. After a crash between POST and
write, the POST is repeated under the same webhook-id, so no delivery is lost. A delivery that may
not be tried now is put off, and its record says until when. The new deliveries of a batch are
announced to the log together, before their records are written.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from runtime.core.deliveries import attempt, recording
from runtime.core.deliveries.attempt import Disable, Posted
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.erasure import blank
from runtime.core.ids import Key
from runtime.core.pacing import concurrency
from runtime.core.pacing.endpoint_health import SLOW_AFTER_S, Seen
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import BadInput, NotFound, PenstockError, Transient
from runtime.usecases.deliveries.courier import Courier, Credentials, Keyring
from runtime.usecases.deliveries.ports import (
    Admit,
    Deliveries,
    Endpoints,
    Erasures,
    KnownWebhooks,
    Webhooks,
)
from runtime.usecases.loop import Loop
from runtime.usecases.pacing.admit_deliveries import Admissions, Hold
from runtime.usecases.ports import Hints, Quota, no_quota


class _AttemptKey(NamedTuple):
    """The attempt that a message asks for."""

    delivery_id: str
    attempt: int  # from 1


@dataclass(frozen=True, slots=True)
class _Job:
    """An attempt to make, with everything that it needs."""

    record: Delivery | None  # as it was read; None before the first attempt
    delivery: Delivery  # with its body
    webhook: Webhook
    credentials: Credentials
    started: datetime
    accepted_at: str | None  # as the message has it
    hold: Hold | None = None  # why and until when it must wait; None if it may go now
    probe: bool = False  # whether it is the one attempt that an open breaker lets through
    # The batch's permits for an endpoint with a concurrency cap, shared by its attempts there; None
    # without a cap.
    permits: asyncio.Semaphore | None = None


@dataclass(frozen=True, slots=True)
class _Skip:
    """A delivery that ends without an attempt: its webhook, its body or its person is gone."""

    record: Delivery | None  # as it was read; None if it has none yet
    delivery: Delivery
    reason: str  # a code
    status: Status = Status.SKIPPED


_Prepared = _Job | _Skip | BaseException | None


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the deliveries of a batch share."""

    pages: Future[Mapping[str, str]]  # id of a new delivery → the page of the log that lists it
    # How each attempt went, in the order in which they ended.
    outcomes: list[tuple[Webhook, Seen]] = field(default_factory=list)
    aside: list[Future[None]] = field(default_factory=list)  # work beside the attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverAttempts:
    """Makes attempts."""

    deliveries: Deliveries
    erasures: Erasures
    webhooks: Webhooks
    known_webhooks: KnownWebhooks
    hints: Hints[DeliverMessage]
    courier: Courier
    admit: Admit
    endpoints: Endpoints
    clock: Callable[[], datetime]
    dice: Callable[[], float]  # random numbers from 0 to 1
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each attempt
    queue_delay_max_s: int = 900  # how long the queue can delay a message
    quota: Quota = no_quota  # of deliveries that are begun, a tenant's a day
    _loop: Loop = field(default_factory=Loop)

    def deliver_all(self, messages: Sequence[DeliverMessage]) -> list[PenstockError | None]:
        """Make every attempt at the same time.

        A slow receiver delays only its own message. A fault of ours is never recorded as the
        receiver's: the message comes again.

        Returns, for each message, None or its error; the error's class says whether the message is
        parked or tried again.
        """
        keys = [_AttemptKey(each.delivery_id, each.attempt) for each in messages]
        # If several messages ask for one attempt, the first is served, and all get its result.
        first = dict(zip(reversed(keys), reversed(messages), strict=True))
        unique = list(dict.fromkeys(keys))
        try:
            records = self.deliveries.get(dict.fromkeys(each.delivery_id for each in unique))
            erased = self.erasures.marked(Key(each.tenant, each.event_id) for each in messages)
            beyond = self._beyond_quotas([first[each] for each in unique], records)
        except Transient as problem:
            return [problem] * len(messages)
        now = timestamp(self.clock())  # one for all, so the log lists new ones together
        # All are prepared before the first request, so that a slow store takes no receiver's time.
        keyring = self.courier.keyring(now=now)
        prepared = self._loop.gather(
            self._prepare(
                first[each],
                records.get(each.delivery_id),
                keyring,
                is_erased=Key(first[each].tenant, first[each].event_id) in erased,
                is_beyond=each.delivery_id in beyond,
            )
            for each in unique
        )
        results = self._deliver_prepared(prepared)
        verdicts = dict(zip(unique, map(_verdict, results), strict=True))
        return [verdicts[each] for each in keys]

    def close(self) -> None:
        """Close idle connections, the loop and its threads."""
        self.courier.close()
        self._loop.close()

    async def _prepare(
        self,
        message: DeliverMessage,
        record: Delivery | None,
        keyring: Keyring,
        *,
        is_erased: bool,
        is_beyond: bool,
    ) -> _Job | _Skip | None:
        """The job of an attempt; None for a stale hint, whose attempt was made before."""
        delivery = record or self._new(message, keyring.now)
        if delivery.status is not Status.PENDING or delivery.next_attempt != message.attempt:
            return None
        if is_erased:
            return _Skip(record, blank.delivery(delivery), blank.ERASED)
        if is_beyond:
            return _Skip(record, delivery, "quota_exceeded")
        cached = self.known_webhooks.find(message.tenant, message.webhook_id)
        webhook = cached if cached is not None and cached.enabled else None
        # The cached webhook may be older than the message, and may be switched on since. Only
        # the store can say that a webhook is off or gone.
        webhook = webhook or self.webhooks.find(message.tenant, message.webhook_id)
        if webhook is None or not webhook.enabled:
            reason = "webhook_disabled" if webhook else "webhook_deleted"
            return _Skip(record, delivery, reason)
        try:
            delivery = await self._opened(delivery)
        except NotFound as problem:
            return _Skip(record, delivery, problem.code, Status.DEAD)
        credentials = keyring.credentials(webhook)
        return _Job(record, delivery, webhook, credentials, self.clock(), message.accepted_at)

    def _beyond_quotas(
        self, messages: Sequence[DeliverMessage], records: Mapping[str, Delivery]
    ) -> set[str]:
        """The ids of the deliveries that would begin beyond their tenant's quota."""
        begun: dict[str, list[str]] = {}
        for each in messages:
            if each.delivery_id not in records:
                begun.setdefault(each.tenant, []).append(each.delivery_id)
        return {
            delivery_id
            for tenant, new in begun.items()
            for delivery_id in new[self.quota(tenant, count=len(new)) :]
        }

    async def _opened(self, delivery: Delivery) -> Delivery:
        if delivery.body_at is None:
            return delivery
        return await self._loop.in_thread(lambda: self.deliveries.open(delivery))

    def _deliver_prepared(self, prepared: Sequence[_Prepared]) -> list[BaseException | None]:
        """Make the attempts that may be made now, and put the others off."""
        waiting = [job for job in prepared if isinstance(job, _Job)]
        try:
            admissions = self.admit([(job.webhook, job.delivery) for job in waiting])
        except Transient as problem:
            return [problem if isinstance(job, (_Job, _Skip)) else job for job in prepared]
        with_answers = _with_answers(waiting, admissions)
        jobs = [next(with_answers) if isinstance(job, _Job) else job for job in prepared]
        new = [job.delivery for job in jobs if isinstance(job, (_Job, _Skip)) and not job.record]
        batch = _Batch(self._loop.start(lambda: self.deliveries.announce(new)))
        try:
            return self._loop.gather(self._deliver(job, batch) for job in jobs)
        finally:
            wait(batch.aside)
            wait([batch.pages])
            self.admit.give_back(admissions)
            self._observe(batch)

    def _observe(self, batch: _Batch) -> None:
        by_endpoint: dict[Key, list[Seen]] = {}
        for webhook, outcome in batch.outcomes:
            by_endpoint.setdefault(Key(webhook.tenant, webhook.id), []).append(outcome)
        for key, outcomes in by_endpoint.items():
            self.endpoints.observe(key.tenant, key.id, outcomes)

    async def _deliver(self, job: _Prepared, batch: _Batch) -> None:
        match job:
            case None:
                return
            case BaseException():
                raise job
            case _Skip():
                given_up = recording.given_up(job.delivery, job.status, job.reason)
                await self._record(job.record, given_up, batch)
            case _Job(hold=Hold() as hold):
                await self._wait(job, hold, batch)
            case _Job():
                await self._go(job, batch)

    async def _wait(self, job: _Job, hold: Hold, batch: _Batch) -> None:
        """Put a delivery off, and record until when; it loses no attempt."""
        was = job.delivery
        if hold.turn_at_ms is not None and was.turn_at_ms == hold.turn_at_ms <= (
            was.due_at_ms or 0
        ):
            return  # it has this ticket already, and its hint is on the queue
        now_ms = int(self.clock().timestamp() * 1000)
        waiting = recording.held(
            was,
            why=hold.why,
            until_ms=recording.due_ms(hold.until_ms, ticket=hold.turn_at_ms, now_ms=now_ms),
            turn_at_ms=hold.turn_at_ms,
        )
        if hold.is_paused:
            delay_s = None
        elif hold.turn_at_ms is None:
            delay_s = self._queue_delay_s(hold.until_ms)
        elif waiting.due_at_ms == hold.until_ms:
            # The queue always brings it back, because a ticket is valid for one window only, which
            # the sweep could miss.
            delay_s = max(0, math.ceil((hold.until_ms - now_ms) / 1000))
        else:
            delay_s = None
        waiting = replace(waiting, hinted=delay_s is not None)
        if await self._record(job.record, waiting, batch):
            self.journal(recording.held_line(waiting))
            await self._hint(waiting, delay_s)

    async def _go(self, job: _Job, batch: _Batch) -> None:
        if job.permits is None:
            await self._attempt(job, batch)
            return
        async with job.permits:
            now = self.clock()
            if (now - job.started).total_seconds() > concurrency.PATIENCE_S:
                await self._wait(job, self.admit.busy(job.delivery), batch)
            else:
                await self._attempt(replace(job, started=now), batch)

    async def _attempt(self, job: _Job, batch: _Batch) -> None:
        webhook = job.webhook
        posted = await self._post(job, batch)
        judgement = attempt.judge(
            posted.happening,
            attempt=job.delivery.next_in_round,
            now=self.clock(),
            dice=self.dice(),
            schedule_s=webhook.schedule_s,
        )
        after = recording.after(job.delivery, posted, judgement, started=job.started)
        delay_s = self._queue_delay_s(after.due_at_ms)
        after = replace(after, hinted=delay_s is not None)
        ours = await self._record(job.record, after, batch)
        error, gone = attempt.error_code(posted.happening), isinstance(judgement, Disable)
        # Noted before the hint is sent: only failures have hints, and sending one takes time, so
        # that failures would seem to have ended last.
        batch.outcomes.append((webhook, Seen(error=error, gone=gone, probe=job.probe)))
        waited = recording.waited(job.accepted_at, started=job.started)
        self.journal({**recording.line(after, posted, recorded=ours), **waited})
        if ours:
            await self._hint(after, delay_s)

    async def _post(self, job: _Job, batch: _Batch) -> Posted:
        webhook = job.webhook

        def note_slow() -> None:
            note = self._loop.start(lambda: self.endpoints.note_slow(webhook.tenant, webhook.id))
            batch.aside.append(note)

        # Recorded while the attempt still waits: until other workers read it, they wait for this
        # endpoint, too.
        slow = asyncio.get_running_loop().call_later(SLOW_AFTER_S, note_slow)
        try:
            return await self.courier.post(
                webhook, job.delivery, credentials=job.credentials, at=job.started
            )
        finally:
            slow.cancel()

    def _new(self, message: DeliverMessage, now: str) -> Delivery:
        if message.body is None or message.attempt != 1:
            raise BadInput("there is no record of this delivery", code="no_record")
        return recording.begun(message, message.body, now=now)

    async def _record(self, record: Delivery | None, after: Delivery, batch: _Batch) -> bool:
        if record is not None:
            return await self.deliveries.replace_async(record, after)
        if not batch.pages.done():
            await asyncio.wrap_future(batch.pages)
        return await self.deliveries.add_async(replace(after, page=batch.pages.result()[after.id]))

    def _queue_delay_s(self, due_at_ms: int | None) -> int | None:
        """How many seconds a hint waits on the queue; None sends no hint."""
        if due_at_ms is None:
            return None
        delay_s = max(0, round(due_at_ms / 1000 - self.clock().timestamp()))
        return delay_s if delay_s <= self.queue_delay_max_s else None

    async def _hint(self, after: Delivery, delay_s: int | None) -> None:
        """Queue a hint for a delivery that is due soon; if it is lost, the sweep sends another."""
        if delay_s is None:
            return
        hint = delivery_hint(after)
        await self._loop.in_thread(lambda: self.hints.send([hint], delay_s=delay_s))


def _with_answers(waiting: Sequence[_Job], admissions: Admissions) -> Iterator[_Job]:
    permits = {key: asyncio.Semaphore(count) for key, count in admissions.permits.items()}
    for job, admission in zip(waiting, admissions.answers, strict=True):
        if isinstance(admission, Hold):
            yield replace(job, hold=admission)
        else:
            mine = permits.get(Key(job.webhook.tenant, job.webhook.id))
            yield replace(job, probe=admission.probe, permits=mine)


def _verdict(result: BaseException | None) -> PenstockError | None:
    match result:
        case None | Transient():
            return result
        case BadInput(code="no_record"):
            return result
        case PenstockError():
            # A fault of ours, such as a secret that does not open: the message must come again.
            retry = Transient(result.message, code=result.code)
            retry.__cause__ = result
            return retry
        case Exception():
            retry = Transient(f"{type(result).__name__}: {result}", code="internal")
            retry.__cause__ = result
            return retry
        case _:
            raise result
