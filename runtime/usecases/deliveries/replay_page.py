"""Sends the deliveries of one page of a replay again. To do a page twice changes nothing.

A delivery that the job sent again has the job's id, so a repeated page counts it and leaves it
alone. The cursor moves behind a page once every record is written and every hint is queued.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.deliveries import replay as replays
from runtime.core.deliveries.delivery import Delivery, Selection, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.deliveries.replay import DeliveryReplay
from runtime.core.page import Page
from runtime.core.replays.replay import PAGE, PageCount, advanced
from runtime.core.timestamps import timestamp
from runtime.errors import NotFound
from runtime.usecases.ports import Hints


class Deliveries(Protocol):
    """Stores deliveries."""

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery, or None."""

    def renew(self, delivery: Delivery, /) -> None:
        """Keep the delivery's body for a new round.

        Raises:
            NotFound: the body has expired.
        """

    def add(self, delivery: Delivery) -> bool:
        """Store a delivery unless it has a record already; returns whether it was stored."""

    def replace(self, old: Delivery, new: Delivery, /) -> bool:
        """Store `new` in the place of `old`; False when `old` has changed meanwhile."""

    def list(
        self,
        tenant: str,
        selection: Selection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Delivery]:
        """A page of a tenant's deliveries."""


class RerunTransforms(Protocol):
    """Runs the functions again that could not make their deliveries."""

    def __call__(self, deliveries: Sequence[Delivery], /, *, replay_id: str) -> AbstractSet[str]:
        """Begin the runs of these deliveries, once for each job.

        Returns:
            The ids of the deliveries whose run the job has begun, now or in an earlier call.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPage:
    """Does one page of a replay of deliveries."""

    deliveries: Deliveries
    hints: Hints[DeliverMessage]
    rerun_transforms: RerunTransforms
    clock: Callable[[], datetime]
    size: int = PAGE  # deliveries of one page

    def __call__(self, job: DeliveryReplay) -> DeliveryReplay:
        """Send the next page's deliveries again; returns the job after it.

        Raises:
            Transient: the page was not done to its end; do it again.
        """
        selection = Selection(
            webhook_id=job.webhook_id, topic=job.topic, since=job.since, until=job.until
        )
        page = self.deliveries.list(
            job.tenant, selection, after=job.cursor, limit=self.size, oldest_first=True
        )
        pending: list[Delivery] = []
        rerun = self._rerun(job, page.items)
        replayed, passed_over = len(rerun), 0
        for delivery in page.items:
            if delivery.id in rerun:
                continue
            renewed = self._again(job, delivery)
            if renewed is not None:
                replayed += 1
                # One that has been attempted since waits for its schedule, and needs no hint.
                begins = renewed.status is Status.PENDING and renewed.next_in_round == 1
                pending += [renewed] if begins else []
            elif replays.wants(job, delivery):
                passed_over += 1
        if pending:
            self.hints.send([delivery_hint(each) for each in pending])
        count = PageCount(replayed=replayed, passed_over=passed_over)
        return advanced(job, count, cursor=page.after, now=timestamp(self.clock()))

    def _rerun(self, job: DeliveryReplay, deliveries: Sequence[Delivery]) -> AbstractSet[str]:
        """Begin the runs of those that have nothing to send; returns the ids of the begun ones.

        Another webhook gets no such delivery: what its function makes is for the webhook itself.
        """
        unmade = [
            each
            for each in deliveries
            if each.is_unmade and replays.wants(job, each) and each.replay_id != job.id
        ]
        if not unmade or job.to is not None:
            return frozenset()
        return self.rerun_transforms(unmade, replay_id=job.id)

    def _again(self, job: DeliveryReplay, delivery: Delivery) -> Delivery | None:
        """The delivery as this job sent it again, now or before a kill; None if it did not."""
        if job.to is None and delivery.replay_id == job.id:
            return delivery
        if not replays.wants(job, delivery) or not self._renewed(delivery):
            return None
        if job.to is not None:
            return self._copied(job, delivery, to=job.to)
        pending = replays.again(delivery, replay_id=job.id, now_ms=self._now_ms())
        if pending is not None and self.deliveries.replace(delivery, pending):
            return pending
        return None

    def _renewed(self, delivery: Delivery) -> bool:
        try:
            self.deliveries.renew(delivery)
        except NotFound:
            return False
        return True

    def _copied(self, job: DeliveryReplay, delivery: Delivery, *, to: str) -> Delivery | None:
        now = timestamp(self.clock())
        replayed = replays.copy(delivery, to=to, replay_id=job.id, now_ms=self._now_ms(), now=now)
        if replayed is None:
            return None
        if self.deliveries.add(replayed):
            return replayed
        earlier = self.deliveries.find(replayed.id)
        return earlier if earlier is not None and earlier.replay_id == job.id else None

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
