"""Change a sync: rename it, give it another schedule, pause it, resume it."""

from dataclasses import dataclass, field, replace
from typing import Protocol, TypedDict

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.warehouse.schedule import Schedule
from runtime.core.warehouse.sync import Sync
from runtime.core.webhooks import rules
from runtime.errors import Transient
from runtime.races import Races


class SyncChanges(TypedDict, total=False):
    """The settings to change. Settings that are left out stay as they are."""

    name: str
    schedule: Schedule
    enabled: bool


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """

    def replace(self, old: Sync, new: Sync) -> bool:
        """Store `new` in the place of `old`; False if somebody else has changed it meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSync:
    """Changes syncs. A load that has begun goes on to its end; the next one sees the change."""

    syncs: Syncs
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, sync_id: str, *, changes: SyncChanges, if_match: IfMatch = ANY
    ) -> Sync:
        """Change the sync; returns it as it is then. Nothing is written if it is so already.

        Raises:
            BadInput: code `bad_name`.
            NotFound: the tenant has no such sync.
            PreconditionFailed: `if_match` names another ETag than it has.
            Transient: code `sync_changed`: others keep changing it.
        """
        if "name" in changes:
            rules.check_name(changes["name"])
        for _ in self.races:
            old = self.syncs.get(tenant, sync_id)
            if_match.check(old.etag)
            new = replace(old, **changes)
            if new == old or self.syncs.replace(old, new):
                return new
        raise Transient("the sync keeps changing; try again", code="sync_changed")
