"""Sending deliveries again: a new round of one, and the job that sends many.

A delivery keeps its id. The receiver may have seen that `webhook-id` before, and can tell.
"""

from dataclasses import dataclass, replace
from typing import Final

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.replays.replay import Kind, Replay, Subject

MAX_ATTEMPTS: Final = 100  # of one delivery in all its rounds: they rest in one item of 400 KB
# A delivery that is due within so many seconds is left alone. The sweep moves the due time of each
# delivery that it sends a hint for by its lease, which is no longer.
SOON_S: Final = 90
MISSED: Final = (Status.DEAD, Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReplay(Replay):
    """A job that sends a webhook's deliveries again.

    It passes over deliveries that changed meanwhile, have no body, or were attempted too often, and
    those that `to` has had already.
    """

    webhook_id: str  # whose deliveries are sent again
    statuses: tuple[Status, ...]  # which of them: those with one of these statuses
    to: str | None = None  # the webhook that gets them; None for `webhook_id`

    @property
    def subject(self) -> Subject:
        """The webhook whose deliveries are sent again."""
        return Subject(Kind.DELIVERIES, self.webhook_id)


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


def hastened(delivery: Delivery, *, now_ms: int) -> Delivery | None:
    """The pending delivery as due now, at the same attempt of the same round.

    None when it is due soon by itself: a hint may be on its way, or at work, and another one would
    make the attempt twice.
    """
    if (delivery.due_at_ms or 0) <= now_ms + SOON_S * 1000:
        return None
    return replace(delivery, due_at_ms=now_ms, hinted=True)


def remade(delivery: Delivery, by_run: Delivery) -> Delivery | None:
    """The delivery as the repeated run of its function made it; None when its record stays.

    A delivery that was made before keeps the body that its receiver may have seen.
    """
    if not delivery.is_unmade:
        return None
    after = replace(by_run, created_at=delivery.created_at, page=delivery.page)
    return None if after == delivery else after


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


def wants(replay: DeliveryReplay, delivery: Delivery) -> bool:
    """Whether the job sends `delivery` again."""
    return delivery.status in replay.statuses
