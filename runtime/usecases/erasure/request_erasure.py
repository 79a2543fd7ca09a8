"""Ask for a person to be erased."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core.erasure import erasure
from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job
from runtime.core.page import Page, every
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict, NotFound
from runtime.races import Races


class Profiles(Protocol):
    """Stores profiles."""

    def find(self, tenant: str, profile_id: str, /) -> Profile | None:
        """The profile that the id leads to, deleted or not; None if there is none."""


class Jobs(Protocol):
    """Stores jobs."""

    def list(self, tenant: str, /, *, after: str | None = None, limit: int = 50) -> Page[Job]:
        """A tenant's jobs, newest first."""

    def replace(self, old: Job, new: Job, /) -> Job | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""


class Begin(Protocol):
    """Begins erasures."""

    def __call__(self, profile: Profile, job: Job, /) -> bool:
        """Suppress the person's names, leave a tombstone, and store the job, or none of them.

        Returns False when the profile has changed since it was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestErasure:
    """Begins erasures; from its return on, the person's names lead to nobody.

    Who asks once more for one that has failed has it go on where it ended.
    """

    profiles: Profiles
    begin: Begin
    jobs: Jobs
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, profile_id: str) -> Job:
        """Suppress the person, and store the job that erases everything else.

        The id may be one of a profile that was merged into the person's. A deleted profile can be
        erased, too, because its names and the records of its events are still there.

        Raises:
            NotFound: code `profile_not_found`: there is no such profile, or its person is erased.
                An erasure that has failed is no such case: it goes on.
            Conflict: code `profile_changed`: the profile keeps changing; try again.
        """
        for _ in self.races:
            profile = self.profiles.find(tenant, profile_id)
            if profile is None:
                raise _not_found()
            if profile.erased_at is not None:
                return self._go_on(profile)
            now = timestamp(self.clock())
            job = erasure.requested(profile, now=now, unique=self.new_id("job"))
            if self.begin(profile, job):
                return job
        raise Conflict("the profile keeps changing; try again", code="profile_changed")

    def _go_on(self, profile: Profile) -> Job:
        """The failed erasure of a person whose names are suppressed already, as it goes on."""
        of_tenant = every(lambda after: self.jobs.list(profile.tenant, after=after))
        failed = next((job for job in of_tenant if erasure.has_failed(job, profile.id)), None)
        if failed is None:
            raise _not_found()
        due_at_ms = int(self.clock().timestamp() * 1000)
        job = self.jobs.replace(failed, jobs.resumed(failed, now_ms=due_at_ms))
        if job is None:
            raise Conflict("somebody else has it go on", code="profile_changed")
        return job


def _not_found() -> NotFound:
    return NotFound("no such profile", code="profile_not_found")
