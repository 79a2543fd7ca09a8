"""Stores what tenants have used, day by day, and which days have been counted."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from runtime.core.shallow import shallow
from runtime.core.usage.usage import Usage
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table

_COUNTS: Final = tuple(field.name for field in fields(Usage) if field.name not in {"tenant", "day"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Usages:
    """Usage by tenant and day, in the table of the ledger."""

    table: Table

    def keep(self, usages: Iterable[Usage]) -> None:
        """Store these over what is there.

        Raises:
            Transient: some may not be stored; store all of them again.
        """
        for usage in usages:
            key = {"pk": keys.usage(usage.tenant), "sk": usage.day}
            values: dict[str, Any] = shallow(usage)
            change = "SET " + ", ".join(f"#{name} = :{name}" for name in _COUNTS)
            counts = {name: values[name] for name in _COUNTS}
            update = self.table.update(key, change, "", **counts)
            self.table.try_to(lambda update=update: self.table.client.update_item(**update))  # type: ignore[misc]

    def between(self, tenant: str, *, since: str | None, until: str | None) -> list[Usage]:
        """A tenant's usage from one day to another, both included; None means no bound.

        Raises:
            Transient: the table cannot be read.
        """
        low, high = keys.between(since, until)
        if low > high:
            return []
        query = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": codec.key(
                {":pk": keys.usage(tenant), ":low": low, ":high": high}
            ),
        }
        return [_usage(tenant, item) for item in self.table.query(query)]

    def is_counted(self, day: str) -> bool:
        """Whether a day has been counted and every tenant was told.

        Raises:
            Transient: the table cannot be read.
        """
        return self.table.get(_counted(day)) is not None

    def note_counted(self, day: str, *, at: str) -> None:
        """Note that a day has been counted and every tenant was told; `at` is ISO 8601 UTC.

        Raises:
            Transient: the table cannot be written.
        """
        update = self.table.update(_counted(day), "SET #counted_at = :at", "", at=at)
        self.table.try_to(lambda: self.table.client.update_item(**update))


def _counted(day: str) -> dict[str, str]:
    return {"pk": keys.COUNTED_DAYS, "sk": day}


def _usage(tenant: str, item: Item) -> Usage:
    counts = {name: codec.value(item[name]) for name in _COUNTS if name in item}
    return Usage(tenant=tenant, day=item["sk"]["S"], **counts)
