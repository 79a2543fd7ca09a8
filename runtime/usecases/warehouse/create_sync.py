"""Create a sync. From then on the schedule loads the tenant's rows into its destination."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core.timestamps import timestamp
from runtime.core.warehouse import selection as selections
from runtime.core.warehouse.schedule import HOURLY, Schedule
from runtime.core.warehouse.selection import Selection
from runtime.core.warehouse.sync import DestinationKind, Sync, default_schema
from runtime.core.webhooks import rules
from runtime.usecases.warehouse.seal_settings import SealSettings


class Syncs(Protocol):
    """Stores syncs."""

    def add(self, sync: Sync) -> None:
        """Store a new sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSync:
    """What somebody says of a sync to create."""

    name: str
    kind: DestinationKind
    schedule: Schedule = HOURLY
    selection: Selection = field(default_factory=Selection)
    # What a destination of the tenant's own is told; passwords among it are not sealed yet.
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSync:
    """Makes syncs."""

    syncs: Syncs
    seal_settings: SealSettings
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, new: NewSync) -> Sync:
        """Store a new sync. If its destination has tables, it gets the tenant's own schema.

        Raises:
            BadInput: code `bad_name`, or as `selection.check` and `SealSettings`.
        """
        rules.check_name(new.name)
        selection = selections.check(new.selection)
        sealed = self.seal_settings(tenant, new.kind, new.settings)
        sync = Sync(
            id=self.new_id("syn"),
            tenant=tenant,
            name=new.name,
            kind=new.kind,
            created_at=timestamp(self.clock()),
            schema=default_schema(tenant) if new.kind.has_tables else "",
            selection=selection,
            schedule=new.schedule,
            settings=sealed.shown,
            sealed=sealed.sealed,
        )
        self.syncs.add(sync)
        return sync
