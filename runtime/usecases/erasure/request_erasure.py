"""Ask for a person to be erased."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core.erasure import erasure
from runtime.core.jobs.job import Job
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict, NotFound
from runtime.races import Races


class Profiles(Protocol):
    """Stores profiles."""

    def find(self, tenant: str, profile_id: str, /) -> Profile | None:
        """The profile that the id leads to, deleted or not; None if there is none."""


class Begin(Protocol):
    """Begins erasures."""

    def __call__(self, profile: Profile, job: Job, /) -> bool:
        """Suppress the person's names, leave a tombstone, and store the job, or none of them.

        Returns False when the profile has changed since it was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestErasure:
    """Begins erasures; from its return on, the person's names lead to nobody."""

    profiles: Profiles
    begin: Begin
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, profile_id: str) -> Job:
        """Suppress the person, and store the job that erases everything else.

        The id may be one of a profile that was merged into the person's. A deleted profile can be
        erased, too, because its names and the records of its events are still there.

        Raises:
            NotFound: code `profile_not_found`: there is no such profile, or its person is erased.
            Conflict: code `profile_changed`: the profile keeps changing; try again.
        """
        for _ in self.races:
            profile = self.profiles.find(tenant, profile_id)
            if profile is None or profile.erased_at is not None:
                raise NotFound("no such profile", code="profile_not_found")
            now = timestamp(self.clock())
            job = erasure.requested(profile, now=now, unique=self.new_id("job"))
            if self.begin(profile, job):
                return job
        raise Conflict("the profile keeps changing; try again", code="profile_changed")
