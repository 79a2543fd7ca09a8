"""What is written down of a delivery: after an attempt, and when it has to wait."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from runtime.core.deliveries import attempt, redact
from runtime.core.deliveries.attempt import Dead, Delivered, Disable, Outcome, Posted, RetryAt
from runtime.core.deliveries.delivery import Attempt, Delivery, Status
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.timestamps import timestamp

QUEUE_MS: Final = 900_000  # the longest that a hint can wait on the queue, to the second
# A ticket further off wakes the sweep this much before its window, and then waits on the queue: the
# sweep comes by once a minute, and a ticket may be good for seconds.
WAKE_EARLY_MS: Final = 600_000
# More than the longest schedule makes: only what is sent again and again loses the oldest. All
# attempts rest in one item of 400 KB beside the body, and an item that is too large is a delivery
# whose outcome cannot be written.
EXCERPTS_KEPT: Final = 25
CONNECTING: Final = ("dns_ms", "connect_ms", "tls_ms")


def begun(message: DeliverMessage, body: str, *, now: str) -> Delivery:
    """The delivery that a message is about, before its first attempt."""
    return Delivery(
        id=message.delivery_id,
        tenant=message.tenant,
        webhook_id=message.webhook_id,
        event_id=message.event_id,
        topic=message.topic,
        status=Status.PENDING,
        body=body,
        created_at=now,
    )


def after(delivery: Delivery, posted: Posted, outcome: Outcome, *, started: datetime) -> Delivery:
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
        timing_ms=posted.timing_ms,
    )
    tried = replace(
        delivery,
        attempts=(*_spare(delivery.attempts), made),
        due_at_ms=None,
        reason=None,
        turn_at_ms=None,
        held=0,
    )
    match outcome:
        case Delivered():
            return replace(tried, status=Status.DELIVERED)
        case RetryAt(at_ms=at_ms):
            return replace(tried, due_at_ms=at_ms)
        case Dead(reason=reason) | Disable(reason=reason):
            return replace(tried, status=Status.DEAD, reason=reason)


def _spare(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The attempts, the oldest without what the receiver wrote, so that one more has room."""
    old = len(attempts) + 1 - EXCERPTS_KEPT
    return tuple(
        replace(each, answer_excerpt="") if number < old else each
        for number, each in enumerate(attempts)
    )


def given_up(delivery: Delivery, status: Status, reason: str) -> Delivery:
    """The delivery when it cannot be attempted: nobody wants it any more, or its body is gone."""
    return replace(delivery, status=status, reason=reason, due_at_ms=None, turn_at_ms=None, held=0)


def held(delivery: Delivery, *, why: str, until_ms: int, turn_at_ms: int | None) -> Delivery:
    """The delivery while it waits for something else than its schedule; no attempt is counted."""
    return replace(
        delivery,
        due_at_ms=until_ms,
        reason=why,
        turn_at_ms=turn_at_ms,
        held=delivery.held + 1,
    )


def due_ms(until_ms: int, *, ticket: int | None, now_ms: int) -> int:
    """The due time of what waits until then, perhaps with a ticket."""
    if ticket is None or until_ms - now_ms <= QUEUE_MS:
        return until_ms
    return ticket - WAKE_EARLY_MS


def line(after: Delivery, posted: Posted, *, recorded: bool) -> dict[str, Any]:
    """The one line that is logged of an attempt: flat, and nothing in it that must stay secret.

    Of its time the whole, and what a new connection took of it; the record has every part.
    """
    made = after.attempts[-1]
    return {
        **_names("delivery.attempted", after),
        "attempt": made.number,
        "outcome": str(after.status) if recorded else "superseded",
        "status": made.status,
        "error": made.error,
        "due_at_ms": after.due_at_ms,
        **_spent(posted),
    }


def _spent(posted: Posted) -> dict[str, int]:
    parts = {name: round(posted.timing_ms.get(name, 0)) for name in CONNECTING}
    took = {name: ms for name, ms in parts.items() if ms}  # a kept connection has none
    return took | {"total_ms": round(posted.timing_ms.get("total_ms", posted.duration_ms))}


def held_line(held: Delivery) -> dict[str, Any]:
    """The line that is logged when a delivery is put off."""
    return {
        **_names("delivery.held", held),
        "attempt": held.next_attempt,
        "reason": held.reason,
        "due_at_ms": held.due_at_ms,
    }


def _names(message: str, delivery: Delivery) -> dict[str, Any]:
    return {
        "message": message,
        "tenant": delivery.tenant,
        "webhook_id": delivery.webhook_id,
        "delivery_id": delivery.id,
        "event_id": delivery.event_id,
        "topic": delivery.topic,
    }
