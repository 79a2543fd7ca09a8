"""Works off replays in pages. After a kill at any step a page is done again, and changes nothing.

A delivery that the job has sent again has the job's id; when its page is done again, it is counted
and left alone. The cursor moves behind a page when every record is written and every hint queued.
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
LEASE_MS: Final = (
    120_000  # twice the sweep's timeout; after this another sweep takes a killed one's page
)
BUDGET_S: Final = 20  # for all replays, of the minute between two sweeps; due deliveries come first
JOBS: Final = 100


class Deliveries(Protocol):
    """Stores deliveries."""

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery, or None."""

    def renew(self, delivery: Delivery, /) -> None:
        """Keep its body for a new round; raises NotFound when the body has expired."""

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
        """The replays that run, and that no sweep is working on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReplays:
    """Works off replays. Of sweeps that overlap, the first to move the cursor goes on alone."""

    deliveries: Deliveries
    replays: Replays
    hints: Hints[DeliverMessage]
    clock: Callable[[], datetime]

    def __call__(self) -> int:
        """Do some pages of every running replay; how many deliveries were sent again.

        Raises:
            Transient: a job could not go on; all others were worked on.
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
        # The index may show a job that has ended since; the lease is then lost, and nothing done.
        job = self.replays.replace(replay, replace(replay, due_at_ms=self._now_ms() + LEASE_MS))
        while job is not None and job.state is ReplayState.RUNNING and self._now_ms() < end_ms:
            before = job.replayed
            job = self._page(job)
            count += 0 if job is None else job.replayed - before
        if job is not None and job.state is ReplayState.RUNNING:
            self.replays.replace(job, replace(job, due_at_ms=self._now_ms()))
        return count

    def _page(self, job: Replay) -> Replay | None:
        """The job behind one more page; None when somebody else has taken or cancelled it."""
        selection = Selection(
            webhook_id=job.webhook_id, topic=job.topic, since=job.since, until=job.until
        )
        page = self.deliveries.list(
            job.tenant, selection, after=job.cursor, limit=PAGE, oldest_first=True
        )
        pending: list[Delivery] = []
        replayed = passed_over = 0
        for delivery in page.items:
            made = self._again(job, delivery)
            if made is not None:
                replayed += 1
                pending += [made] if made.status is Status.PENDING else []
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
        """The delivery as this job has sent it again, now or before a kill; None if not."""
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
        there = self.deliveries.find(replayed.id)
        return there if there is not None and there.replay_id == job.id else None

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
