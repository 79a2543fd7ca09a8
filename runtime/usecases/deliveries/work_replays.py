"""Works through replays page by page. A page that is repeated after a kill changes nothing.

A delivery that the job sent again has the job's id, so a repeated page counts it and leaves it
alone. The cursor moves behind a page once every record is written and every hint is queued.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.deliveries import replay as replays
from runtime.core.deliveries.delivery import Delivery, Selection, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.deliveries.replay import PageCount, Replay, ReplayState
from runtime.core.page import Page
from runtime.core.timestamps import timestamp
from runtime.errors import NotFound, Transient
from runtime.usecases.ports import Hints

PAGE: Final = 100
# Twice the sweep's timeout. After this another sweep takes over the page of one that was killed.
LEASE_MS: Final = 120_000
# For all replays, out of the minute between two sweeps: deliveries that are due come first.
BUDGET_S: Final = 20
JOBS: Final = 100  # in one sweep


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


class Replays(Protocol):
    """Stores replays."""

    def replace(self, old: Replay, new: Replay, /) -> Replay | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[Replay]:
        """At most `limit` running replays that no sweep is working on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReplays:
    """Works through replays. If sweeps overlap, the first to move the cursor goes on alone."""

    deliveries: Deliveries
    replays: Replays
    hints: Hints[DeliverMessage]
    clock: Callable[[], datetime]

    def __call__(self) -> int:
        """Do some pages of every running replay; returns how many deliveries were sent again.

        Raises:
            Transient: a job could not go on; all other jobs went on.
        """
        count, problems = 0, []
        end_ms = self._now_ms() + BUDGET_S * 1000
        for job in self.replays.due(now_ms=self._now_ms(), limit=JOBS):
            try:
                count += self._work(job, end_ms)
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return count

    def _work(self, replay: Replay, end_ms: int) -> int:
        count = 0
        # The index may show a job that has ended since. The write then fails, and nothing is done.
        job = self.replays.replace(replay, replace(replay, due_at_ms=self._now_ms() + LEASE_MS))
        while job is not None and job.state is ReplayState.RUNNING and self._now_ms() < end_ms:
            before = job.replayed
            job = self._page(job)
            count += 0 if job is None else job.replayed - before
        if job is not None and job.state is ReplayState.RUNNING:
            self.replays.replace(job, replace(job, due_at_ms=self._now_ms()))
        return count

    def _page(self, job: Replay) -> Replay | None:
        """Do one more page; returns the job after it, None if another took or cancelled the job."""
        selection = Selection(
            webhook_id=job.webhook_id, topic=job.topic, since=job.since, until=job.until
        )
        page = self.deliveries.list(
            job.tenant, selection, after=job.cursor, limit=PAGE, oldest_first=True
        )
        pending: list[Delivery] = []
        replayed = passed_over = 0
        for delivery in page.items:
            renewed = self._again(job, delivery)
            if renewed is not None:
                replayed += 1
                pending += [renewed] if renewed.status is Status.PENDING else []
            elif replays.wants(job, delivery):
                passed_over += 1
        if pending:
            self.hints.send([delivery_hint(each) for each in pending])
        after = replays.advanced(
            job,
            PageCount(replayed=replayed, passed_over=passed_over),
            cursor=page.after,
            now=timestamp(self.clock()),
            due_at_ms=self._now_ms() + LEASE_MS,
        )
        return self.replays.replace(job, after)

    def _again(self, job: Replay, delivery: Delivery) -> Delivery | None:
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

    def _copied(self, job: Replay, delivery: Delivery, *, to: str) -> Delivery | None:
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
