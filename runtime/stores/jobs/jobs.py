"""Stores jobs by tenant and age; the function that works them off finds those that run.

They have a table of their own, and no partition of the deliveries' table as the replays have: its
function may then write jobs and nothing else of how deliveries are made, a tenant's jobs are one
partition that needs no second index, and every read of it is strong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from runtime.core.jobs.job import Job
from runtime.core.page import Page
from runtime.core.timestamps import moment
from runtime.errors import NotFound
from runtime.stores.jobs import items
from runtime.stores.tables import codec, records, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Jobs by tenant and id, and while they run."""

    table: Table
    retention_days: int  # how long a job is kept after it was created

    def add(self, job: Job, /) -> None:
        """Store a new job; storing it again changes nothing."""
        self.table.put_if(self._item(job), "attribute_not_exists(pk)")

    def adding(self, job: Job, /) -> Any:
        """The write that stores a new job, for a transaction to contain."""
        return self.table.put(self._item(job), "attribute_not_exists(pk)")

    def find(self, tenant: str, job_id: str, /) -> Job | None:
        """One job, strongly read, or None."""
        item = self.table.get({"pk": tenant, "sk": job_id})
        return None if item is None else items.job(item)

    def get(self, tenant: str, job_id: str, /) -> Job:
        """One job, strongly read.

        Raises:
            NotFound: code `job_not_found`: this tenant has no such job.
        """
        job = self.find(tenant, job_id)
        if job is None:
            raise NotFound("no such job", code="job_not_found")
        return job

    def replace(self, old: Job, new: Job, /) -> Job | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed."""
        stored_job = replace(new, revision=old.revision + 1)
        won = self.table.put_if(self._item(stored_job), "#revision = :was", was=old.revision)
        return stored_job if won else None

    def due(self, *, now_ms: int, limit: int) -> Iterator[Job]:
        """The jobs that run and that nobody works on at this moment."""
        return records.due_records(
            self.table, items.job, shard=shards.JOBS_SHARD, now_ms=now_ms, limit=limit
        )

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Job]:
        """A tenant's jobs, newest first.

        Args:
            tenant: whose.
            after: the id of the job after which to go on; None at the beginning.
            limit: at most so many.
        """
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": tenant}),
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": tenant, "sk": after})
        return self.table.page(
            query, items.job, limit=limit, position=lambda item: str(item["sk"]["S"])
        )

    def _item(self, job: Job) -> Item:
        expires = moment(job.created_at) + timedelta(days=self.retention_days)
        item = {
            **items.job_item(job),
            **codec.key({"pk": job.tenant, "sk": job.id}),
            "expires_at": codec.scalar(int(expires.timestamp())),
        }
        if job.due_at_ms is not None:
            item |= codec.key({"due_shard": shards.JOBS_SHARD})
        return item
