"""What the raw log says of a delivery: how it stands, and nothing that was sent or answered.

A row has ids, times, counts and codes. It has no body and no answer of a receiver, since either may
hold a person's data.
"""

from dataclasses import dataclass
from typing import Any

from runtime.core.deliveries.delivery import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChange:
    """A delivery as it stood before and after one write of its record."""

    before: Delivery | None  # None for a new record
    after: Delivery
    at: str  # when it was written, ISO 8601; as the table's stream says, to the second or better


def of(change: DeliveryChange) -> dict[str, Any] | None:
    """How the delivery stands after the change; None when the change is no news of it.

    No news is a write that moves the due time alone, or takes a body away.
    """
    row = _standing(change.after)
    if change.before is not None and _standing(change.before) == row:
        return None
    return row | {"revision": change.after.revision, "updated_at": change.at}


def _standing(delivery: Delivery) -> dict[str, Any]:
    attempts = delivery.attempts
    last = attempts[-1] if attempts else None
    return {
        "tenant": delivery.tenant,
        "delivery_id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "topic": delivery.topic,
        "status": str(delivery.status),
        "reason": delivery.reason,  # a code
        "attempts": len(attempts),
        "created_at": delivery.created_at,
        # The fields of attempts are None before the first one.
        "first_attempt_at": attempts[0].started_at if attempts else None,
        "last_attempt_at": None if last is None else last.started_at,
        "status_code": None if last is None else last.status,  # of HTTP; None without an answer
        "duration_ms": None if last is None else last.duration_ms,  # of the last attempt
        "error": None if last is None else last.error,  # a code; None when it was delivered
    }
