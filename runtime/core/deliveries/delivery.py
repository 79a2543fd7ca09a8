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
    """One POST of a delivery."""

    number: int  # from 1, over all rounds
    started_at: str  # ISO 8601
    duration_ms: int  # of the whole attempt, fetching a token included
    status: int | None  # of HTTP; None when no whole status line came
    error: str | None  # a code; None when the receiver took the delivery
    sentence: str  # what happened, for people
    answer_excerpt: str = ""  # the beginning of the answer's body, with secrets cut out
    # `dns_ms`, `connect_ms`, `tls_ms`, `first_byte_ms` and `total_ms`; `reused` is 1 when the
    # request went over a connection that was open already.
    timing_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The record of a delivery. It is the truth; a queue message about it is only a hint."""

    id: str
    tenant: str
    webhook_id: str
    event_id: str
    topic: str
    status: Status
    # The exact text that is signed and sent. A text too large for the record is stored apart, and
    # empty here until somebody has opened it.
    body: str
    created_at: str  # ISO 8601
    body_at: str | None = None  # where a body rests that is stored apart, in the store's words
    attempts: tuple[Attempt, ...] = ()  # in order
    due_at_ms: int | None = None  # epoch ms of the next attempt; set exactly while it is pending
    hinted: bool = (
        False  # whether a message for the due time is on the queue; else the sweep sends it
    )
    # A code. For a terminal status why it ended, but for `DELIVERED`. For a pending one what it
    # waits for, such as `circuit_open`; None when it waits for its own schedule.
    reason: str | None = None
    # Epoch ms: when the window of its rate-limit ticket begins; None without a ticket.
    turn_at_ms: int | None = None
    held: int = 0  # how often it was put off since its last attempt
    replay_id: str | None = None  # the job that sent it again last; None for none
    replayed_after: int = 0  # how many attempts were made before its present round
    # Grows by one with each write of its record but those that move the due time alone.
    revision: int = field(default=0, compare=False)
    page: str | None = field(default=None, compare=False)  # where the log lists it, in its words

    def belongs_to(self, tenant: str, *, webhook_id: str | None) -> bool:
        """Whether it is this tenant's, and this webhook's; None for any webhook."""
        return self.tenant == tenant and webhook_id in (None, self.webhook_id)

    @property
    def has_body(self) -> bool:
        """Whether there is anything to send: not when the function that makes it has failed."""
        return bool(self.body or self.body_at)

    @property
    def is_unmade(self) -> bool:
        """Whether there is nothing to send because its function has failed, or has dropped it."""
        return not self.has_body and self.status in (Status.DEAD, Status.DROPPED)

    @property
    def is_unopened(self) -> bool:
        """Whether its body is stored apart and has not been fetched."""
        return self.body_at is not None and not self.body

    @property
    def next_attempt(self) -> int:
        """The number that the next POST will carry; a hint with another number is stale."""
        return len(self.attempts) + 1

    @property
    def next_in_round(self) -> int:
        """The number of the next POST within the present round, which the schedule goes by."""
        return self.next_attempt - self.replayed_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the due index knows of a pending delivery: enough to send a hint.

    Its values are copies of the record's, and may be those of a moment ago.
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
    """Which deliveries of a tenant somebody asks for. None of a field means any value."""

    webhook_id: str | None = None
    status: Status | None = None
    topic: str | None = None
    event_id: str | None = None
    since: str | None = None  # the earliest `created_at`, ISO 8601
    until: str | None = None  # the latest

    def takes(self, delivery: Delivery) -> bool:
        """Whether `delivery` is one of them."""
        return (
            self.webhook_id in (None, delivery.webhook_id)
            and self.status in (None, delivery.status)
            and self.topic in (None, delivery.topic)
            and self.event_id in (None, delivery.event_id)
            and (self.since or "") <= delivery.created_at
            and (self.until is None or delivery.created_at <= self.until)
        )
