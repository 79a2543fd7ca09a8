"""The erasure of a person: what is asked for, and the order in which a job goes through the stores.

The request suppresses the person's names at once. The job then goes through everything that is
found by the person's ids. Workers may have been about to write something of the person: so the job
looks at everything a second time, when each of them must have ended, and only then deletes the
timeline, by which events are found.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from runtime.core.jobs import job as jobs
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.jobs.job import Job, JobKind, JobState
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import epoch_ms

MAX_IDS: Final = 2000  # of one person; each is 30 bytes of the job's record
_IDS: Final = "profile_ids"


class Stage(StrEnum):
    """What a page of an erasure goes through."""

    MERGES = "merges"  # profiles as they stood before they were merged
    EVENTS = "events"  # with what was run and sent for each
    RUNS = "runs"  # those that no event of the timeline leads to
    EVENTS_AGAIN = "events_again"  # what workers have written that were at work at the first look
    RUNS_AGAIN = "runs_again"
    TIMELINE = "timeline"
    WAREHOUSE = "warehouse"
    # Files of many people. The warehouse comes before: it keeps out what a load took before.
    RAW_LOG = "raw_log"
    DISCARDS = "discards"
    LAKE = "lake"
    OWN_BUCKETS = "own_buckets"  # last, because their owners may refuse us

    @property
    def is_second_look(self) -> bool:
        """Whether nothing should be there any more."""
        return self in (Stage.EVENTS_AGAIN, Stage.RUNS_AGAIN)

    @property
    def following(self) -> "Stage | None":
        """The stage after it; None after the last."""
        stages = list(Stage)
        place = stages.index(self) + 1
        return stages[place] if place < len(stages) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the next page of an erasure begins."""

    stage: Stage = Stage.MERGES
    position: str = ""  # in the words of the stage; empty at its beginning

    @classmethod
    def parse(cls, cursor: str | None) -> "Place":
        """The place that a job's cursor names; the first one for None."""
        stage, _, position = (cursor or Stage.MERGES).partition(" ")
        return cls(stage=Stage(stage), position=position)

    def __str__(self) -> str:
        return f"{self.stage} {self.position}"


def requested(profile: Profile, *, now: str, unique: str) -> Job:
    """The job that erases a person.

    Args:
        profile: as it stands before, with all its names.
        now: ISO 8601.
        unique: an id of which nobody draws the same.
    """
    return Job(
        id=jobs.job_id(now, unique),
        tenant=profile.tenant,
        kind=JobKind.ERASURE,
        created_at=now,
        # Who does not know of the erasure yet may write until then.
        due_at_ms=epoch_ms(now) + SETTLE_MS,
        params={"profile_id": profile.id, "kept_apart": list(profile.kept_apart)},
        result={_IDS: sorted({profile.id, *profile.merged_ids, *profiles.begun_ids(profile)})},
    )


def has_failed(job: Job, profile_id: str) -> bool:
    """Whether the job is an erasure of the person with this profile that did not reach its end."""
    return (
        job.kind is JobKind.ERASURE
        and job.state is JobState.FAILED
        and job.params["profile_id"] == profile_id
    )


def profile_ids(job: Job) -> tuple[str, ...]:
    """The ids of the person: of the profile, of those merged into it, and by which events go."""
    return tuple(job.result[_IDS])


def ids_of_merges(job: Job) -> tuple[str, ...]:
    """The ids of profiles that were ever merged with the person's, those parted again included."""
    return tuple({*profile_ids(job), *job.params["kept_apart"]})


def with_ids(job: Job, ids: Iterable[str]) -> Job:
    """The job that goes for these ids of the person, too."""
    every = {*profile_ids(job), *ids}
    if len(every) > MAX_IDS:
        return job
    return replace(job, result={**job.result, _IDS: sorted(every)})
