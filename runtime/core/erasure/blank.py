"""What is left of an event, a delivery and a run whose person was erased: that they were.

Their ids, times and outcomes stay, so that counts and rates of the past stay true. What was sent,
said or made goes.
"""

from dataclasses import replace
from typing import Any, Final

from runtime.core.deliveries import recording
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.events.envelope import Event
from runtime.core.functions.run import Run

ERASED: Final = "erased"  # the reason of a delivery, and the type of a run's error in our words
_ERROR: Final = {"type": "Erased", "message": "the person was erased", "traceback": ""}


def dropped_line(event: Event) -> dict[str, Any]:
    """The line that is logged, and counted, of an event that is dropped: it names nobody."""
    return {
        "message": "event.erased",
        "tenant": event.tenant,
        "event_id": event.id,
        "topic": event.topic,
        "outcome": "dropped",
    }


def delivery(record: Delivery) -> Delivery:
    """The delivery without anything of a person; one that waits ends as skipped."""
    if record.status is Status.PENDING:
        record = recording.given_up(record, Status.SKIPPED, ERASED)
    attempts = tuple(replace(each, answer_excerpt="") for each in record.attempts)
    return replace(record, body="", body_at=None, attempts=attempts, reason=ERASED)


def run(record: Run) -> Run:
    """The run without anything of a person; another attempt that is due will not be made."""
    return replace(
        record,
        output=None,
        error=None if record.error is None else _ERROR,
        logs=(),
        effects=(),
        http_calls=(),
        left_at=None,
        event=None,
        due_at_ms=None,
    )
