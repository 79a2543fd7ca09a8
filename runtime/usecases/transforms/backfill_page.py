"""Bring a page of the profiles that exist up to date with the data transforms of today."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job
from runtime.core.page import Page
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.change import Change
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.core.transforms import overlay
from runtime.core.transforms.chain import Chain
from runtime.usecases.transforms.ports import Transforms

PROFILES: Final = 200  # of one page: with a write for each, about a second
WRITERS: Final = 8  # at the same time; each waits for AWS most of its time


class ProfilePages(Protocol):
    """Lists the profiles of a tenant."""

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Profile]:
        """Some live profiles behind a position, in the order of their ids."""


class Profiles(Protocol):
    """Stores profiles."""

    def commit(self, change: Change) -> bool:
        """Store a change; False when another writer came first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPage:
    """Does a page of a backfill. Doing it again changes nothing, so a kill does no harm.

    What it counts: `changed`, and `too_large` where a value is too large to be derived.
    """

    transforms: Transforms
    pages: ProfilePages
    profiles: Profiles
    clock: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Do the next page; returns the job after it.

        Raises:
            Transient: the page was not done to its end; do it again.
        """
        chain = self.transforms.load(job.tenant).chain()
        page = self.pages.page(job.tenant, after=job.cursor, limit=PROFILES)
        counts = Counter(changed=0, too_large=0)
        with ThreadPoolExecutor(WRITERS) as threads:
            for done in threads.map(lambda each: self._bring_up_to_date(each, chain), page.items):
                counts.update(done)
        return jobs.advanced(
            job,
            done=len(page.items),
            counts=counts,
            cursor=page.after,
            now=timestamp(self.clock()),
        )

    def _bring_up_to_date(self, profile: Profile, chain: Chain) -> dict[str, int]:
        """Store what the chain makes of the profile, if that is news; returns what to count."""
        derived = overlay.of(profile, chain)
        counts = {"changed": 0, "too_large": int(bool(derived.too_large))}
        if overlay.are_same(profile.derived, derived.values):
            return counts
        changed = profiles.stored(profile, derived.values)
        change = Change(tenant=profile.tenant, profiles=((profile.revision, changed),))
        # Whoever is faster has applied the transforms of today too: that is why a job settles.
        return counts | {"changed": int(self.profiles.commit(change))}
