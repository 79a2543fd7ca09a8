"""Sending deliveries again: a new round of one, and the job that sends many.

A delivery keeps its id. The receiver may have seen that `webhook-id` before, and can tell.
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
    """A job that sends a webhook's deliveries again."""

    id: str
    tenant: str
    webhook_id: str  # whose deliveries are sent again
    statuses: tuple[Status, ...]  # which of them: those with one of these statuses,
    created_at: str  # ISO 8601
    until: str  # that were created up to then, ISO 8601,
    since: str | None = None  # and from then on, ISO 8601; None for the first
    topic: str | None = None  # the topic of their events; None for any
    to: str | None = None  # the webhook that gets them; None for `webhook_id`
    state: ReplayState = ReplayState.RUNNING
    replayed: int = 0  # how many it has sent again
    # How many it could not send again: they changed meanwhile, have no body, were attempted too
    # often, or `to` has had them already.
    passed_over: int = 0
    cursor: str | None = None  # where the next page begins, in the store's words; None at the start
    finished_at: str | None = None  # ISO 8601; None while it runs
    due_at_ms: int | None = None  # epoch ms of the next page; None when it has ended
    revision: int = 0  # grows by one with each write


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCount:
    """How many deliveries of one page of a replay were sent again, and how many were not."""

    replayed: int = 0
    # Those that the replay asks for, and that cannot be sent again.
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
    """A first delivery of the same body to the webhook `to`; None when there can be none.

    It has the id that the event itself would have given it there. So an event that has reached that
    webhook already, or is replayed to it twice, is one delivery.
    """
    own = ids.delivery_id(delivery.tenant, delivery.event_id, delivery.webhook_id)
    copy_id = (
        ids.delivery_id(delivery.tenant, delivery.event_id, to)
        if delivery.id == own
        else ids.derive("dlv", delivery.id, to)
    )
    fresh = replace(delivery, id=copy_id, webhook_id=to, attempts=(), created_at=now, page=None)
    return again(fresh, replay_id=replay_id, now_ms=now_ms)


def wants(replay: Replay, delivery: Delivery) -> bool:
    """Whether the job sends `delivery` again."""
    return delivery.status in replay.statuses


def advanced(
    replay: Replay, count: PageCount, *, cursor: str | None, now: str, due_at_ms: int
) -> Replay:
    """The job after a page of it; done when that was the last."""
    so_far = replace(
        replay,
        replayed=replay.replayed + count.replayed,
        passed_over=replay.passed_over + count.passed_over,
        cursor=cursor,
        due_at_ms=due_at_ms,
    )
    return so_far if cursor is not None else ended(so_far, ReplayState.DONE, now=now)


def ended(replay: Replay, state: ReplayState, *, now: str) -> Replay:
    """The job in its last state, in which nobody takes it up again."""
    return replace(replay, state=state, finished_at=now, due_at_ms=None)
