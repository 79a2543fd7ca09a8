"""Sending again: what becomes of a delivery that is to be sent again, and the job that does many.

Ids stay: a receiver sees the `webhook-id` it may have seen before, and can dedupe.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Status

MAX_ATTEMPTS: Final = 100  # of one delivery in all its rounds: they rest in one item of 400 KB
MISSED: Final = (Status.DEAD, Status.SKIPPED)


class ReplayState(StrEnum):
    """How far a replay is."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A job: the webhook's deliveries of these statuses, created from `since` to `until`.

    They go again to their own webhook, or to `to`. `cursor` is where it stands, `replayed` what it
    has sent again, `passed_over` what fitted and could not be sent again: deliveries that changed
    meanwhile, have no body, have been attempted too often, or that `to` has had already.
    """

    id: str
    tenant: str
    webhook_id: str
    statuses: tuple[Status, ...]
    created_at: str
    until: str
    since: str | None = None
    topic: str | None = None
    to: str | None = None
    state: ReplayState = ReplayState.RUNNING
    replayed: int = 0
    passed_over: int = 0
    cursor: str | None = None
    finished_at: str | None = None
    due_at_ms: int | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one page of a replay came to."""

    replayed: int = 0
    passed_over: int = 0


def again(delivery: Delivery, *, replay_id: str | None, now_ms: int) -> Delivery | None:
    """The delivery at the start of a new round of its schedule; None when it cannot have one."""
    if not delivery.has_body or len(delivery.attempts) >= MAX_ATTEMPTS:
        return None
    return replace(
        delivery,
        status=Status.PENDING,
        reason=None,
        due_at_ms=now_ms,
        hinted=True,
        turn_at_ms=None,
        held=0,
        replay_id=replay_id,
        replayed_after=len(delivery.attempts),
    )


def copy(delivery: Delivery, *, to: str, replay_id: str, now_ms: int, now: str) -> Delivery | None:
    """The same for another webhook: under the id that the event itself would have given it there.

    So an event that has reached that webhook already, or is replayed to it twice, is one delivery.
    """
    own = ids.delivery_id(delivery.tenant, delivery.event_id, delivery.webhook_id)
    made = (
        ids.delivery_id(delivery.tenant, delivery.event_id, to)
        if delivery.id == own
        else ids.derive("dlv", delivery.id, to)
    )
    fresh = replace(delivery, id=made, webhook_id=to, attempts=(), created_at=now, page=None)
    return again(fresh, replay_id=replay_id, now_ms=now_ms)


def wants(replay: Replay, delivery: Delivery) -> bool:
    """Whether the job is to send it again."""
    return delivery.status in replay.statuses


def advanced(
    replay: Replay, progress: Progress, *, cursor: str | None, now: str, due_at_ms: int
) -> Replay:
    """The job behind a page; done when that was the last."""
    counted = replace(
        replay,
        replayed=replay.replayed + progress.replayed,
        passed_over=replay.passed_over + progress.passed_over,
        cursor=cursor,
        due_at_ms=due_at_ms,
    )
    return counted if cursor is not None else ended(counted, ReplayState.DONE, now=now)


def ended(replay: Replay, state: ReplayState, *, now: str) -> Replay:
    """The job, not to be taken up any more."""
    return replace(replay, state=state, finished_at=now, due_at_ms=None)
