"""What the use cases of profiles need, each named for its role."""

from collections.abc import Iterable
from typing import Protocol

from runtime.core.profiles.change import Change, Holder
from runtime.core.profiles.identity import Derive, Draft
from runtime.core.profiles.names import Name, NameRules
from runtime.usecases.ports import Drafts


class Rules(Protocol):
    """Knows the rules of tenants."""

    def rules(self, tenant: str) -> NameRules:
        """What may be a name in this tenant."""


class Names(Rules, Protocol):
    """Finds profiles by the names of their people."""

    def by_names(
        self, tenant: str, names: Iterable[Name], *, again: bool = False
    ) -> dict[Name, Holder]:
        """Whom each of the names leads to; a name that leads nowhere is missing.

        With `again` it believes nothing that was kept.
        """


class Writer(Protocol):
    """Stores what changes about people."""

    def commit(self, change: Change) -> bool:
        """Store a change, all of it; False when another writer came first."""


class People(Names, Drafts, Writer, Protocol):
    """Finds profiles, and stores what changes about them."""

    def draft_of(
        self, tenant: str, *, ids: Iterable[str] = (), holders: dict[Name, Holder] | None = None
    ) -> Draft:
        """A draft of the profiles with these ids, and of those whom names lead to."""

    def derive(self, tenant: str) -> Derive:
        """What a tenant's data transforms make of a profile."""


def store(people: Writer, draft: Draft) -> bool:
    """Store what a draft changes, and let it go on from there; False if another writer was first.

    Raises:
        Transient: it may be stored or not.
    """
    change = draft.change()
    if change is None:
        return True
    if not people.commit(change):
        return False
    draft.take_in(change)
    return True
