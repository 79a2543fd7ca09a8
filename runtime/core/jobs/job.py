"""A job: what a tenant has asked for that takes longer than a call, such as an import.

    waiting ──▶ running ──▶ done | failed
       └───────────┴──────▶ cancelled

What a page of each kind is, its own domain says; how a job goes on and ends, this file says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from runtime.core import ids
from runtime.core.jobs.durable import Durable
from runtime.core.timestamps import epoch_ms, timestamp
from runtime.errors import PenstockError

PREFIX: Final = "job"
MAX_FAULTS: Final = 20  # that a job names; so many show what is wrong, and its record stays small


class JobKind(StrEnum):
    """What a job does."""

    PROFILE_IMPORT = "profile_import"
    PROFILE_EXPORT = "profile_export"
    TRANSFORM_BACKFILL = "transform_backfill"
    ERASURE = "erasure"
    SYNC_BACKFILL = "sync_backfill"
    SYNC_REFRESH = "sync_refresh"


# Kinds that nobody may cancel, because half of one would be worse than none or all.
TO_THE_END: Final = frozenset({JobKind.ERASURE})


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"  # for its file; nobody works on it until it is started
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # `reason` says why; what it had done by then stays done
    CANCELLED = "cancelled"  # what it had done by then stays done


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One record that a job could not do, while it went on with the others."""

    line: int | None = None  # of a file, from 1; None where there is no file
    subject: str | None = None  # the id of the record; None where it has none yet
    code: str  # stable, snake_case
    message: str  # for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a job has failed as a whole."""

    code: str  # stable, snake_case
    message: str  # for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Durable):
    """A job of a tenant."""

    kind: JobKind
    state: JobState = JobState.RUNNING
    # What is asked for, in the words of its kind.
    params: Mapping[str, Any] = field(default_factory=dict)
    done: int = 0  # records worked on so far: rows of a file, or profiles
    total: int | None = None  # records that there are to work on; None while nobody knows
    counts: Mapping[str, int] = field(default_factory=dict)  # what came of them, by its kind
    faults: tuple[Fault, ...] = ()  # the first `MAX_FAULTS`, in order; `counts` has them all
    # What it has made, in the words of its kind.
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: Reason | None = None  # None unless it has failed

    @property
    def work(self) -> str:
        """The job's kind."""
        return self.kind

    @property
    def worked(self) -> int:
        """How many records have been worked on."""
        return self.done

    @property
    def has_ended(self) -> bool:
        """Whether nobody will work on it any more."""
        return self.state not in {JobState.WAITING, JobState.RUNNING}


def job_id(created_at: str, unique: str) -> str:
    """The id of a job created then; ids sort as the jobs were created."""
    return ids.in_time(PREFIX, epoch_ms(created_at), unique)


def asked_for(
    kind: JobKind, *, tenant: str, now: datetime, unique: str, settle_ms: int = 0, **about: Any
) -> Job:
    """The job that a tenant asks for, as it begins.

    Args:
        kind: what it does.
        tenant: whose it is.
        now: when it is asked for.
        unique: an id of which nobody draws the same.
        settle_ms: how long it lets what is under way end before its first page.
        about: the fields of the job that its kind gives, such as `params`.
    """
    created_at = timestamp(now)
    return Job(
        id=job_id(created_at, unique),
        tenant=tenant,
        kind=kind,
        created_at=created_at,
        due_at_ms=int(now.timestamp() * 1000) + settle_ms,
        **about,
    )


def started(job: Job, *, now_ms: int, **changes: Any) -> Job:
    """The job that waited for its file, as due now."""
    return replace(job, state=JobState.RUNNING, due_at_ms=now_ms, **changes)


def advanced(
    job: Job,
    *,
    done: int,
    counts: Mapping[str, int],
    faults: tuple[Fault, ...] = (),
    cursor: str | None,
    now: str,
) -> Job:
    """The job after a page of it; done when that was the last.

    Args:
        job: as it was before the page.
        done: how many records the page has worked on.
        counts: what came of them; each is added to the job's count of that name.
        faults: those of the page.
        cursor: where the next page begins; None when there is none.
        now: ISO 8601.
    """
    names = dict.fromkeys([*job.counts, *counts])
    after = replace(
        job,
        done=job.done + done,
        counts={name: job.counts.get(name, 0) + counts.get(name, 0) for name in names},
        faults=(*job.faults, *faults)[:MAX_FAULTS],
        cursor=cursor,
    )
    return after if cursor is not None else ended(after, JobState.DONE, now=now)


def resumed(job: Job, *, now_ms: int) -> Job:
    """The failed job as it goes on at the page that failed."""
    return replace(
        job, state=JobState.RUNNING, reason=None, faults=(), finished_at=None, due_at_ms=now_ms
    )


def ended(job: Job, state: JobState, *, now: str) -> Job:
    """The job in its last state, in which nobody takes it up again."""
    return replace(job, state=state, finished_at=now, due_at_ms=None)


def failed(job: Job, problem: PenstockError, *, now: str) -> Job:
    """The job that cannot go on, with the reason."""
    reason = Reason(code=problem.code, message=problem.message)
    return replace(ended(job, JobState.FAILED, now=now), reason=reason)
