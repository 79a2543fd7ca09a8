"""Start a full refresh: the job that makes the rows of a table anew from the lake."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobKind
from runtime.core.warehouse import refresh
from runtime.usecases.jobs.ports import NewJobs, Starter
from runtime.usecases.warehouse.start_backfill import Syncs


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRefresh:
    """Starts refreshes."""

    syncs: Syncs
    jobs: NewJobs
    starter: Starter
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, sync_id: str, *, table: str) -> Job:
        """Start a job that makes the rows of a table anew, and those of tables that follow it.

        Raises:
            NotFound: code `sync_not_found`.
            Conflict: code `no_tables`: the sync has no warehouse.
            BadInput: code `bad_table`: the sync has no such table, or it follows another one.
        """
        sync = self.syncs.get(tenant, sync_id)
        refresh.check(sync, table)
        job = jobs.asked_for(
            JobKind.SYNC_REFRESH,
            tenant=tenant,
            now=self.clock(),
            unique=self.new_id(jobs.PREFIX),
            params=refresh.params(sync.id, table=table),
        )
        self.jobs.add(job)
        self.starter.start(tenant, job.id)
        return job
