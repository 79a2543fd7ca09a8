"""Change a sync: its name, its schedule, its destination's password; pause it, resume it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypedDict

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.warehouse import selection as selections
from runtime.core.warehouse.schedule import Schedule
from runtime.core.warehouse.selection import Selection
from runtime.core.warehouse.sync import Sync
from runtime.core.webhooks import rules
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.warehouse.seal_settings import SealSettings


class SyncChanges(TypedDict, total=False):
    """The settings to change. Settings that are left out stay as they are."""

    name: str
    schedule: Schedule
    selection: Selection  # the whole of it; columns are only ever added
    enabled: bool
    settings: Mapping[str, object]  # those that change, by name


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
    seal_settings: SealSettings
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, sync_id: str, *, changes: SyncChanges, if_match: IfMatch = ANY
    ) -> Sync:
        """Change the sync; returns it as it is then. Nothing is written if it is so already.

        Raises:
            BadInput: code `bad_name`, or as `selection.check_change` and `SealSettings`.
            NotFound: the tenant has no such sync.
            PreconditionFailed: `if_match` names another ETag than it has.
            Transient: code `sync_changed`: others keep changing it.
        """
        if "name" in changes:
            rules.check_name(changes["name"])
        for _ in self.races:
            old = self.syncs.get(tenant, sync_id)
            if_match.check(old.etag)
            new = self._changed(old, changes)
            if new == old or self.syncs.replace(old, new):
                return new
        raise Transient("the sync keeps changing; try again", code="sync_changed")

    def _changed(self, old: Sync, changes: SyncChanges) -> Sync:
        new = replace(
            old,
            name=changes.get("name", old.name),
            schedule=changes.get("schedule", old.schedule),
            enabled=changes.get("enabled", old.enabled),
        )
        if "selection" in changes:
            selection = selections.check_change(old.selection, changes["selection"])
            new = replace(new, selection=selection)
        if not changes.get("settings"):
            return new
        sealed = self.seal_settings.changed(old, changes["settings"])
        return replace(new, settings=sealed.shown, sealed=sealed.sealed)
