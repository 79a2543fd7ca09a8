"""A backfill: raw batches that a sync has loaded before, loaded again beside what it loads now.

It has a cursor of its own, so that the sync goes on meanwhile; which of the two comes first makes
no difference, because a load keeps the latest row of each key. What it loads has ids of its own,
or the warehouse would know the loads and leave their rows out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.jobs.job import Job
from runtime.errors import BadInput

TRIGGER: Final = "backfill"  # of its messages and loads


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """Which batches a job loads again."""

    job_id: str
    first_seq: int  # the arrival numbers from here …
    last_seq: int  # … to here, both included

    @property
    def batches(self) -> int:
        """How many batches there are, of all tenants."""
        return self.last_seq - self.first_seq + 1

    def passed(self, seq: int | None) -> int:
        """How many of them lie up to this arrival number; None is before the first."""
        return 0 if seq is None else max(0, min(seq, self.last_seq) - self.first_seq + 1)

    def to_json(self) -> dict[str, Any]:
        """The backfill as it stands in a message."""
        return {"job_id": self.job_id, "first_seq": self.first_seq, "last_seq": self.last_seq}


def parse(raw: object) -> Backfill:
    """A backfill out of a message.

    Raises:
        BadInput: code `bad_message`.
    """
    match raw:
        case {"job_id": str(job_id), "first_seq": int(first_seq), "last_seq": int(last_seq)}:
            return Backfill(job_id=job_id, first_seq=first_seq, last_seq=last_seq)
        case _:
            raise BadInput("is no backfill", field="backfill", code="bad_message")


def params(sync_id: str, *, first_seq: int, last_seq: int) -> Mapping[str, Any]:
    """What the job of a backfill is told."""
    return {"sync_id": sync_id, "first_seq": first_seq, "last_seq": last_seq}


def of_job(job: Job) -> Backfill:
    """The backfill that a job does."""
    first_seq, last_seq = job.params["first_seq"], job.params["last_seq"]
    return Backfill(job_id=job.id, first_seq=first_seq, last_seq=last_seq)
