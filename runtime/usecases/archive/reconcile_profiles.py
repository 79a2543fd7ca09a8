"""Compare profiles with what was archived of them, and archive again what was lost on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from runtime.core.archive import reconciliation
from runtime.core.archive.reconciliation import IdRange, Sample
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import tables
from runtime.core.warehouse.sync import Sync
from runtime.errors import PenstockError

BUDGET: Final = timedelta(minutes=10)  # no tenant is begun later in a function of 15 minutes
PAGE: Final = 500  # profiles that are archived again at once


class Syncs(Protocol):
    """Stores syncs."""

    def enabled(self) -> Iterator[Sync]:
        """Every tenant's enabled syncs."""


class Profiles(Protocol):
    """The records of profiles, redirects and erased ones too."""

    def revisions(self, tenant: str, part: IdRange) -> Iterable[tuple[str, int]]:
        """The id and the revision of each of the tenant's profiles in a part of all ids."""

    def now(self, tenant: str, profile_ids: Iterable[str]) -> Sequence[Profile]:
        """These profiles as they stand now."""


class Archived(Protocol):
    """What was archived of profiles."""

    def revisions(self, sync: Sync, part: IdRange) -> Mapping[str, int] | None:
        """The highest revision that a sync has loaded or will load, by id; None before it began."""


class Samples(Protocol):
    """Keeps samples for some days."""

    def has(self, tenant: str, day: date) -> bool:
        """Whether there is a sample of the day."""

    def add(self, tenant: str, sample: Sample) -> None:
        """Keep a sample, unless there is one of its day."""

    def last(self, tenant: str, *, before: date) -> Sample | None:
        """The latest sample of an earlier day; None when there is none."""


class Reconciled(NamedTuple):
    """What came of it."""

    compared: int  # profiles, each once for each sync
    lost: int  # of them, those of which a sync lacked a state that it should have had
    added: int  # of them, those that were older than a sync, and come to it by this


NOTHING: Final = Reconciled(compared=0, lost=0, added=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileProfiles:
    """Compares yesterday's sample of each tenant's profiles, and takes the sample of today.

    Whatever a sync lacks is archived again, so that each sync gets it with its next load.
    """

    syncs: Syncs
    profiles: Profiles
    archived: Archived
    samples: Samples
    archive: Callable[[Sequence[Profile]], object]
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each tenant that lacks some

    def __call__(self) -> Reconciled:
        """Reconcile every tenant that has a sync of profiles; again the same day does no harm.

        A tenant that no time is left for has its turn the next day, with the sample that it has.

        Raises:
            PenstockError: some tenant's profiles could not be compared; those of the others were.
        """
        begun = self.clock()
        by_tenant: dict[str, list[Sync]] = {}
        for sync in self.syncs.enabled():
            if sync.selection.takes(tables.PROFILES):
                by_tenant.setdefault(sync.tenant, []).append(sync)
        total, problems = NOTHING, list[PenstockError]()
        for tenant in reconciliation.in_turn(by_tenant, day=begun.date()):
            if self.clock() >= begun + BUDGET:
                break
            try:
                result = self._tenant(tenant, by_tenant[tenant], today=begun.date())
            except PenstockError as problem:
                problems.append(problem)
            else:
                total = Reconciled(*map(sum, zip(total, result, strict=True)))
        if problems:
            raise problems[0]
        return total

    def _tenant(self, tenant: str, syncs: Sequence[Sync], *, today: date) -> Reconciled:
        result = NOTHING
        sample = self.samples.last(tenant, before=today)
        if sample is not None:
            result = self._compared(tenant, syncs, sample)
        if not self.samples.has(tenant, today):
            revisions = dict(self.profiles.revisions(tenant, reconciliation.part_of(today)))
            self.samples.add(tenant, Sample(day=today, revisions=revisions))
        return result

    def _compared(self, tenant: str, syncs: Sequence[Sync], sample: Sample) -> Reconciled:
        compared, lost, added = 0, set[str](), set[str]()
        for sync in syncs:
            archived = self.archived.revisions(sync, sample.part)
            if archived is None:
                continue
            compared += len(sample.revisions)
            missing = reconciliation.lost(sample, archived)
            (lost if reconciliation.is_due(sample, begun_at=sync.created_at) else added).update(
                missing
            )
        self._archive_again(tenant, sorted(lost | added))
        result = Reconciled(compared=compared, lost=len(lost), added=len(added - lost))
        if lost or added:
            self.journal({"message": "profiles.reconciled", "tenant": tenant, **result._asdict()})
        return result

    def _archive_again(self, tenant: str, profile_ids: Sequence[str]) -> None:
        for first in range(0, len(profile_ids), PAGE):
            now = timestamp(self.clock())
            states = self.profiles.now(tenant, profile_ids[first : first + PAGE])
            # A redirect has no time of its own.
            self.archive([replace(each, updated_at=each.updated_at or now) for each in states])
