"""Which people and events were erased: names by their rows, events by marks, both salted hashes.

Whoever takes an event or a message in asks here first. In a tenant that has never erased anybody,
that costs one read in `FRESH_S` seconds for each process.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from runtime.core.events.envelope import Event
from runtime.core.ids import Key
from runtime.core.jobs.job import Job
from runtime.core.profiles import names
from runtime.core.profiles.change import Erased
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile import Profile
from runtime.freshness import is_fresh
from runtime.stores.jobs.jobs import Jobs
from runtime.stores.profiles.name_rows import NameKey
from runtime.stores.profiles.profiles import Profiles
from runtime.stores.tables import codec, keys, records

FRESH_S: Final = 5.0  # how long "nobody was erased" is believed; an erasure begins 10 s later
# An event may come again as long as it is kept, and for as long as it waits in a dead-letter queue.
DEAD_LETTERS_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """What was erased, in the tables of profiles and names."""

    profiles: Profiles
    rules: Callable[[str], NameRules]  # of a tenant
    clock: Callable[[], datetime]
    retention_days: int  # how long events are kept
    # When each tenant was last seen to have no erasure, in epoch seconds.
    _none_at_s: dict[str, float] = field(default_factory=dict)
    _some: set[str] = field(default_factory=set)  # tenants that have one; none ever ceases to

    def begin(self, profile: Profile, job: Job, *, jobs: Jobs) -> bool:
        """Suppress the person and store the job, in one transaction.

        From then on the names lead to nobody, the profile is a tombstone, and so it stays, whatever
        happens to the job's worker. Returns False when the profile has changed since it was read.
        """
        rows, tenant = self.profiles.names, profile.tenant
        key = codec.key({"pk": keys.erasures(tenant)})
        done = self.profiles.table.transact(
            *self.profiles.erasing(profile, now=job.created_at),
            rows.table.put({**key, "tenant": codec.scalar(tenant)}, ""),
            jobs.adding(job),
        )
        if done:
            rows.doubt(NameKey(tenant, name) for name in profile.held_names)
        return done

    def of(self, events: Sequence[Event]) -> list[bool]:
        """Whether each event names somebody who was erased, or was erased itself.

        Raises:
            Transient: AWS failed.
        """
        asked = [event for event in events if self._has_any(event.tenant)]
        if not asked:
            return [False] * len(events)
        marked = self.marked(Key(event.tenant, event.id) for event in asked)
        named = {
            (event.tenant, event.id): names.of(event.profile, self.rules(event.tenant)).names
            for event in asked
        }
        wanted = {NameKey(tenant, name) for (tenant, _), each in named.items() for name in each}
        rows = self.profiles.names.find_many(wanted)
        gone = self.of_profiles(
            Key(event.tenant, event.profile.id) for event in asked if event.profile.id is not None
        )

        def is_erased(event: Event) -> bool:
            if Key(event.tenant, event.id) in marked:
                return True
            if event.profile.id is not None and Key(event.tenant, event.profile.id) in gone:
                return True
            each = named.get((event.tenant, event.id), ())
            return any(isinstance(rows.get(NameKey(event.tenant, n)), Erased) for n in each)

        return [is_erased(event) for event in events]

    def of_profiles(self, profile_keys: Iterable[Key]) -> set[Key]:
        """Those of the profiles whose person was erased, by whichever id of his."""
        asked = self.profiles.find_many(key for key in profile_keys if self._has_any(key.tenant))
        return {key for key, profile in asked.items() if profile.erased_at is not None}

    def mark(self, events: Iterable[Key]) -> None:
        """Have these events known as erased, for as long as one of them may come again."""
        kept_s = (self.retention_days + DEAD_LETTERS_DAYS) * records.DAY_S
        expires = {"expires_at": codec.scalar(int(self.clock().timestamp()) + kept_s)}
        pks = dict.fromkeys(self._mark(each) for each in events)
        self.profiles.names.table.put_many({**codec.key({"pk": pk}), **expires} for pk in pks)

    def marked(self, events: Iterable[Key]) -> set[Key]:
        """Those of the events that were erased."""
        by_pk = {self._mark(each): each for each in events if self._has_any(each.tenant)}
        rows = self.profiles.names.table.get_many({"pk": pk} for pk in by_pk)
        return {by_pk[row["pk"]["S"]] for row in rows}

    def _mark(self, event: Key) -> str:
        return keys.erased_event(self.profiles.names.hashed(event.tenant, "event", event.id))

    def _has_any(self, tenant: str) -> bool:
        """Whether anybody of the tenant was ever erased."""
        if tenant in self._some:
            return True
        now_s = self.clock().timestamp()
        none_at_s = self._none_at_s.get(tenant)
        if none_at_s is not None and is_fresh(none_at_s, now_s=now_s, for_s=FRESH_S):
            return False
        item = self.profiles.names.table.get({"pk": keys.erasures(tenant)})
        if item is None:
            self._none_at_s[tenant] = now_s
            return False
        self._some.add(tenant)
        return True
