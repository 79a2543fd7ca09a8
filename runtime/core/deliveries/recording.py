"""What the record of a delivery says after an attempt, and while it has to wait."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from runtime.core.deliveries import attempt, redact
from runtime.core.deliveries.attempt import Dead, Delivered, Disable, Judgement, Posted, RetryAt
from runtime.core.deliveries.delivery import Attempt, Delivery, Status
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.timestamps import moment, timestamp

QUEUE_MS: Final = 900_000  # the longest that a hint can wait on the queue, to the second
# When the window of a ticket is further off, the sweep wakes the delivery this much before it, and
# the rest of the wait is on the queue: the sweep comes once a minute, a ticket is good for seconds.
WAKE_EARLY_MS: Final = 600_000
# More attempts than the longest schedule has, so only what is sent again and again loses excerpts.
# All attempts stand beside the body in one item of 400 KB. An item that is too large could not be
# written, and what came of the attempt would be lost.
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


def after(
    delivery: Delivery, posted: Posted, judgement: Judgement, *, started: datetime
) -> Delivery:
    """The delivery with this attempt and what follows from it."""
    happening = posted.happening
    this_attempt = Attempt(
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
        attempts=(*_spare(delivery.attempts), this_attempt),
        due_at_ms=None,
        reason=None,
        turn_at_ms=None,
        held=0,
    )
    match judgement:
        case Delivered():
            return replace(tried, status=Status.DELIVERED)
        case RetryAt(at_ms=at_ms):
            return replace(tried, due_at_ms=at_ms)
        case Dead(reason=reason) | Disable(reason=reason):
            return replace(tried, status=Status.DEAD, reason=reason)


def _spare(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The attempts, of which the oldest lose their excerpt, so that there is room for one more."""
    old = len(attempts) + 1 - EXCERPTS_KEPT
    return tuple(
        replace(each, answer_excerpt="") if number < old else each
        for number, each in enumerate(attempts)
    )


def given_up(delivery: Delivery, status: Status, reason: str) -> Delivery:
    """The delivery that ends without an attempt: its webhook is off or gone, or its body is."""
    return replace(delivery, status=status, reason=reason, due_at_ms=None, turn_at_ms=None, held=0)


def held(delivery: Delivery, *, why: str, until_ms: int, turn_at_ms: int | None) -> Delivery:
    """The delivery that is put off for another reason than its schedule; it costs no attempt."""
    return replace(
        delivery,
        due_at_ms=until_ms,
        reason=why,
        turn_at_ms=turn_at_ms,
        held=delivery.held + 1,
    )


def due_ms(until_ms: int, *, ticket: int | None, now_ms: int) -> int:
    """The due time of a delivery that waits until `until_ms`, and perhaps has a ticket for then."""
    if ticket is None or until_ms - now_ms <= QUEUE_MS:
        return until_ms
    return ticket - WAKE_EARLY_MS


def line(after: Delivery, posted: Posted, *, recorded: bool) -> dict[str, Any]:
    """The one line that the log has of an attempt: flat, and without secrets.

    It has the attempt's whole time and what a new connection took of it; the record has all parts.
    """
    last_attempt = after.attempts[-1]
    return {
        **_names("delivery.attempted", after),
        "attempt": last_attempt.number,
        "outcome": str(after.status) if recorded else "superseded",
        "status": last_attempt.status,
        "error": last_attempt.error,
        "due_at_ms": after.due_at_ms,
        **_spent(posted),
    }


def waited(accepted_at: str | None, *, started: datetime) -> dict[str, int]:
    """How long the event was with us before its first attempt, as a measure beside the line.

    Args:
        accepted_at: when it reached us; None when that says nothing of us.
        started: when the attempt began.
    """
    if accepted_at is None:
        return {}
    # Our clocks differ a little; in whole seconds, because each digit of each delivery is paid for.
    return {"since_accepted_s": max(0, round((started - moment(accepted_at)).total_seconds()))}


def _spent(posted: Posted) -> dict[str, int]:
    parts = {name: round(posted.timing_ms.get(name, 0)) for name in CONNECTING}
    took = {name: ms for name, ms in parts.items() if ms}  # a kept connection has none
    return took | {"total_ms": round(posted.timing_ms.get("total_ms", posted.duration_ms))}


def held_line(delivery: Delivery) -> dict[str, Any]:
    """The line that is logged when a delivery is put off."""
    return {
        **_names("delivery.held", delivery),
        "attempt": delivery.next_attempt,
        "reason": delivery.reason,
        "due_at_ms": delivery.due_at_ms,
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
