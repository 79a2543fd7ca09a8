"""Counts the runs of canaries, and of the live versions beside them.

A batch is counted by one addition, after its runs are on record. A worker that is killed between
the two loses the count of its batch: its runs are not made again, so nobody counts them later. No
run is ever counted twice. A canary lives on shares of failed runs, and a batch that is missing from
both sides of a share changes it little.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from runtime.core.functions.canary import Counts
from runtime.stores.aws import clients as aws
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

KEEP: Final = timedelta(days=90)  # after the last run that was counted
_NAMES: Final = tuple(field.name for field in fields(Counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryCounts:
    """The counts of each canary, by tenant and the canary's id."""

    table: Table
    clock: Callable[[], datetime]

    def add(self, tenant: str, canary_id: str, gain: Counts) -> Counts:
        """Add what a batch counted; returns all that was counted since the canary began."""
        write = self.table.update(
            _key(tenant, canary_id),
            f"SET expires_at = :expires ADD {', '.join(f'{name} :{name}' for name in _NAMES)}",
            "",
            expires=int((self.clock() + KEEP).timestamp()),
            **asdict(gain),
        )
        with aws.faults(f"write {self.table.name}"):
            answer: Any = self.table.client.update_item(**write, ReturnValues="ALL_NEW")
        return Counts(**codec.fields(answer["Attributes"], Counts))

    def find(self, tenant: str, canary_id: str) -> Counts:
        """All that was counted since the canary began, strongly read."""
        item = self.table.get(_key(tenant, canary_id))
        return Counts() if item is None else Counts(**codec.fields(item, Counts))


def _key(tenant: str, canary_id: str) -> dict[str, str]:
    return {"pk": keys.canary_counts(tenant, canary_id)}
