"""What the raw log says of a delivery: where it stands, and nothing of what was sent."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.deliveries import raw_row, recording
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.raw_row import DeliveryChange
from runtime.core.erasure import blank
from runtime.core.json_text import dump
from tests.builders import NOW, NOW_MS, a_delivery, an_attempt

LATER = "2026-11-20T13:09:05.123Z"
SECRET = "ada@example.com"


def change(before: Delivery | None, after: Delivery) -> DeliveryChange:
    """A write of a record at a fixed time."""
    return DeliveryChange(before=before, after=after, at=NOW)


def test_a_row_says_how_the_delivery_stands() -> None:
    """An analyst counts attempts, codes and durations without asking the API."""
    attempts = (
        an_attempt(status=503, error="http_503"),
        an_attempt(number=2, started_at=LATER, duration_ms=70),
    )
    delivered = a_delivery(status=Status.DELIVERED, attempts=attempts, due_at_ms=None, revision=3)

    assert raw_row.of(change(None, delivered)) == {
        "tenant": "acme",
        "delivery_id": delivered.id,
        "webhook_id": "whk_1",
        "event_id": "evt_1",
        "topic": "message.email.clicked",
        "status": "delivered",
        "reason": None,
        "attempts": 2,
        "created_at": NOW,
        "first_attempt_at": NOW,
        "last_attempt_at": LATER,
        "status_code": 200,
        "duration_ms": 70,
        "error": None,
        "revision": 3,
        "updated_at": NOW,
    }


def test_a_delivery_that_was_never_attempted_has_a_row() -> None:
    """One that was skipped is an outcome too."""
    skipped = a_delivery(status=Status.SKIPPED, attempts=(), reason="webhook_disabled")

    row = raw_row.of(change(None, skipped))

    assert row is not None
    assert (row["status"], row["reason"], row["attempts"]) == ("skipped", "webhook_disabled", 0)
    assert row["first_attempt_at"] is row["last_attempt_at"] is row["status_code"] is None


def test_a_lease_of_the_sweep_is_no_news() -> None:
    """The sweep moves due times each minute; none of it changes what an analyst reads."""
    waits = a_delivery()

    assert raw_row.of(change(waits, replace(waits, due_at_ms=NOW_MS + 60_000, hinted=True))) is None


def test_what_a_delivery_waits_for_is_news() -> None:
    """A breaker that holds a thousand deliveries shows in the warehouse."""
    waits = a_delivery()
    held = recording.held(waits, why="circuit_open", until_ms=NOW_MS, turn_at_ms=None)

    row = raw_row.of(change(waits, held))

    assert row is not None
    assert ("pending", "circuit_open") == (row["status"], row["reason"])


@given(text=st.text(min_size=20, max_size=40))
def test_nothing_that_was_sent_or_answered_is_in_a_row(text: str) -> None:
    """Bodies and answers may hold a person's data, and a warehouse keeps rows for years."""
    attempt = an_attempt(answer_excerpt=text, sentence=text)
    row = raw_row.of(change(None, a_delivery(body=text, attempts=(attempt,))))

    assert text not in dump(row)
    assert text not in (row or {}).values()


def test_an_erased_delivery_says_so_under_its_id() -> None:
    """Counts of the past stay true, and the row names nobody."""
    waits = a_delivery(body=SECRET)

    row = raw_row.of(change(waits, blank.delivery(waits)))

    assert row is not None
    assert ("skipped", "erased") == (row["status"], row["reason"])
