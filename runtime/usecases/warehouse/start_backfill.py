"""Start a backfill: the job that loads again what a sync has loaded before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobKind
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import backfill
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.errors import Conflict
from runtime.usecases.jobs.ports import NewJobs, Starter


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """


class RawLog(Protocol):
    """Numbered, immutable batches."""

    def last_before(self, moment: str) -> int:
        """The number of the last batch that arrived before a moment (ISO 8601); 0 if none did."""


class Ledger(Protocol):
    """Stores how far syncs have come."""

    def progress(self, tenant: str, sync_id: str, *, job_id: str = "") -> Progress:
        """How far a sync, or one of its backfills, has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBackfill:
    """Starts backfills."""

    syncs: Syncs
    raw_log: RawLog
    ledger: Ledger
    jobs: NewJobs
    starter: Starter
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]
    raw_kept: timedelta  # so long at least the object of a raw batch can be read

    def __call__(
        self, tenant: str, sync_id: str, *, since: str | None = None, until: str | None = None
    ) -> Job:
        """Start a job that loads again what arrived in a time and is still kept.

        What the sync has not loaded yet it loads by itself, and no backfill does.

        Args:
            tenant: whose sync it is.
            sync_id: the sync.
            since: ISO 8601; None for all that is kept.
            until: ISO 8601; None for all that the sync has loaded.

        Raises:
            NotFound: code `sync_not_found`.
            Conflict: code `nothing_to_backfill`.
        """
        sync = self.syncs.get(tenant, sync_id)
        now = self.clock()
        kept_since = timestamp(now - self.raw_kept)
        first = self.raw_log.last_before(max(since or kept_since, kept_since)) + 1
        last = self.ledger.progress(tenant, sync.id).seq or 0
        if until is not None:
            last = min(last, self.raw_log.last_before(until))
        if last < first:
            raise Conflict(
                "nothing that the sync has loaded arrived in that time and is still kept",
                code="nothing_to_backfill",
            )
        job = jobs.asked_for(
            JobKind.SYNC_BACKFILL,
            tenant=tenant,
            now=now,
            unique=self.new_id(jobs.PREFIX),
            params=backfill.params(sync.id, first_seq=first, last_seq=last),
            total=last - first + 1,
        )
        self.jobs.add(job)
        self.starter.start(tenant, job.id)
        return job
