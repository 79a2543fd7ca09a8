"""Reads the people whom events are about, so that a worker can draft what changes about them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from runtime.core.events.envelope import Event
from runtime.core.ids import Key
from runtime.core.profiles import identity
from runtime.core.profiles.change import Change, Holder
from runtime.core.profiles.identity import Derive, Draft
from runtime.core.profiles.names import Name, Named, NameRules
from runtime.core.profiles.profile import Profile
from runtime.stores.profiles.name_rows import NameKey
from runtime.stores.profiles.profiles import Profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Profiles together with what their tenants have decided about them."""

    profiles: Profiles
    rules: Callable[[str], NameRules]  # of a tenant
    derive: Callable[[str], Derive]  # what a tenant's data transforms make of a profile

    def draft(
        self, tenant: str, events: Sequence[tuple[Event, Named]], *, again: bool = False
    ) -> Draft:
        """A draft of the people whom these events are about.

        Args:
            tenant: the tenant of all the events.
            events: each with its names.
            again: whether to believe nothing that this process remembers of names.

        Raises:
            Transient: AWS failed, or names keep moving.
        """
        holders = self.by_names(
            tenant, {n for _, named in events for n in named.names}, again=again
        )
        ids = {event.profile.id for event, _ in events if event.profile.id is not None}
        for event, named in events:
            if event.profile.id is None and not any(name in holders for name in named.names):
                ids.update(identity.new_ids(event, named))
        return self.draft_of(tenant, ids=ids, holders=holders)

    def draft_of(
        self, tenant: str, *, ids: Iterable[str] = (), holders: dict[Name, Holder] | None = None
    ) -> Draft:
        """A draft of the profiles with these ids, and of those whom names lead to."""
        read = {
            key.id: profile
            for key, profile in self.profiles.find_many(Key(tenant, each) for each in ids).items()
        }
        read |= {profile.id: profile for profile in read.values()}
        for holder in (holders or {}).values():
            if isinstance(holder, Profile):
                # Two reads of one profile: its later state counts, for names too.
                read.setdefault(holder.id, holder)
        return Draft(
            tenant=tenant,
            rules=self.rules(tenant),
            derive=self.derive(tenant),
            read=read,
            holders=holders or {},
        )

    def by_names(
        self, tenant: str, names: Iterable[Name], *, again: bool = False
    ) -> dict[Name, Holder]:
        """Whom each of the names leads to; a name that leads nowhere is missing."""
        wanted = {NameKey(tenant, name) for name in names}
        return {
            key.name: holder for key, holder in self.profiles.by_names(wanted, again=again).items()
        }

    def commit(self, change: Change) -> bool:
        """Store a change, all of it; False when another writer came first."""
        return self.profiles.commit(change)
