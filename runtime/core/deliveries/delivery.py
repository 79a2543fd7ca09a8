"""A delivery: one event for one webhook, and the attempts made at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """Where a delivery stands. Only `PENDING` has a due time; the rest are terminal."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    SKIPPED = "skipped"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One POST. `status` is None when no answer came; `error` is then the code that says why.

    `timing_ms` has the parts: `dns_ms`, `connect_ms`, `tls_ms`, `first_byte_ms`, `total_ms`;
    `reused` is 1 when an open connection served.
    """

    number: int
    started_at: str
    duration_ms: int
    status: int | None
    error: str | None
    sentence: str
    answer_excerpt: str = ""
    timing_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The record, and the truth: a queue message about it is only a hint.

    `body` is the exact text that is signed and sent; one too large for the record is kept apart,
    and empty here until it is opened: `body_at` says where, in the store's words. `due_at_ms`
    (epoch ms) is set exactly while `status` is pending; `reason` is a code for every terminal
    status but delivered, and for a pending one says what it waits for other than its own schedule,
    e.g. `circuit_open`. `held` counts how often it was put off since its last attempt; `hinted`
    says that a message for its due time has been put on the queue, not left to the sweep;
    `turn_at_ms` is when the window begins for which it has a ticket of its webhook's rate limit.
    When it is sent again, the schedule begins anew after the first `replayed_after` attempts, and
    `replay_id` names the job, if any.
    `page` is where the log lists it, in the store's words: no part of what it is.
    """

    id: str
    tenant: str
    webhook_id: str
    event_id: str
    topic: str
    status: Status
    body: str
    created_at: str
    body_at: str | None = None
    attempts: tuple[Attempt, ...] = ()
    due_at_ms: int | None = None
    hinted: bool = False
    reason: str | None = None
    turn_at_ms: int | None = None
    held: int = 0
    replay_id: str | None = None
    replayed_after: int = 0
    page: str | None = field(default=None, compare=False)

    @property
    def has_body(self) -> bool:
        """Whether there is anything to send; what its function never made has nothing."""
        return bool(self.body or self.body_at)

    @property
    def is_unopened(self) -> bool:
        """Whether its body is kept apart, and is not here."""
        return self.body_at is not None and not self.body

    @property
    def next_attempt(self) -> int:
        """The number that the next POST will carry; a hint with another number is stale."""
        return len(self.attempts) + 1

    @property
    def next_in_round(self) -> int:
        """The same, counted from when the delivery was last sent again: where the schedule is."""
        return self.next_attempt - self.replayed_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is known of a pending delivery without reading its record: enough to hint at it.

    `due_at_ms` and `hinted` are the record's; they may be those of a moment ago.
    """

    id: str
    tenant: str
    webhook_id: str
    event_id: str
    topic: str
    next_attempt: int
    due_at_ms: int
    hinted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which deliveries of a tenant: all that are named must hold; times are of `created_at`."""

    webhook_id: str | None = None
    status: Status | None = None
    topic: str | None = None
    event_id: str | None = None
    since: str | None = None
    until: str | None = None

    def takes(self, delivery: Delivery) -> bool:
        """Whether all that is named holds of it."""
        return (
            self.webhook_id in (None, delivery.webhook_id)
            and self.status in (None, delivery.status)
            and self.topic in (None, delivery.topic)
            and self.event_id in (None, delivery.event_id)
            and (self.since or "") <= delivery.created_at
            and (self.until is None or delivery.created_at <= self.until)
        )
