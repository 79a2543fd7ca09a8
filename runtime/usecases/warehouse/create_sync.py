"""Create a sync. From then on the schedule loads the tenant's rows into its destination."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.timestamps import timestamp
from runtime.core.warehouse.schedule import Schedule
from runtime.core.warehouse.sync import DestinationKind, Sync, default_schema
from runtime.core.webhooks import rules


class Syncs(Protocol):
    """Stores syncs."""

    def add(self, sync: Sync) -> None:
        """Store a new sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSync:
    """Makes syncs."""

    syncs: Syncs
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(
        self, tenant: str, *, name: str, kind: DestinationKind, schedule: Schedule
    ) -> Sync:
        """Store a new sync. If its destination has tables, it gets the tenant's own schema.

        Raises:
            BadInput: code `bad_name`.
        """
        rules.check_name(name)
        sync = Sync(
            id=self.new_id("syn"),
            tenant=tenant,
            name=name,
            kind=kind,
            created_at=timestamp(self.clock()),
            schema=default_schema(tenant) if kind.has_tables else "",
            schedule=schedule,
        )
        self.syncs.add(sync)
        return sync
