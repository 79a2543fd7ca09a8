"""Stores the quotas of tenants, and counts against them while things happen.

Only tenants that have a quota are counted: once for each batch of a worker, or call of the API. A
batch that comes again counts again. The count guards an installation; it is not what
`runtime.stores.usage.raw_usage` counts afterwards, each thing once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from runtime.core.usage import quotas as rules
from runtime.core.usage.quotas import Metered, Quotas
from runtime.freshness import Remembered
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import Config

FRESH_S: Final = 5.0  # how long a change of a quota may take to reach a warm worker
MAX_TENANTS: Final = 2000  # whose quotas are in memory; those read longest ago are dropped
KEEP: Final = timedelta(days=3)  # a day's count is of no use after it


def _none_known() -> Remembered[Quotas]:
    return Remembered(for_s=FRESH_S, at_most=MAX_TENANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayQuotas:
    """Quotas by tenant, and what was used of them today."""

    config: Config
    clock: Callable[[], datetime]
    _known: Remembered[Quotas] = field(default_factory=_none_known)

    def get(self, tenant: str) -> Quotas:
        """The tenant's quotas as they stand now.

        Raises:
            Transient: the table cannot be read.
        """
        item = self.config.find(tenant, keys.QUOTAS) or {}
        limits = {name: codec.value(item[name]) for name in Quotas().to_json() if name in item}
        return Quotas(**limits)

    def put(self, tenant: str, quotas: Quotas) -> None:
        """Give a tenant these quotas, in the place of those that it had.

        Raises:
            Transient: the table cannot be written.
        """
        item = codec.encode(quotas) | codec.key({"pk": keys.tenant(tenant), "sk": keys.QUOTAS})
        self.config.table.put_if(item, "")

    def used(self, tenant: str) -> Mapping[Metered, int]:
        """What was counted today, of that which has a quota.

        Raises:
            Transient: the table cannot be read.
        """
        used = {}
        for metered in Metered:
            item = self.config.find(tenant, self._today(metered))
            if item is not None:
                used[metered] = int(codec.value(item["used"]))
        return used

    def take(self, tenant: str, metered: Metered, *, count: int) -> int:
        """Count so many more of today's; returns how many of them are within the quota.

        Raises:
            Transient: the table cannot be read or written.
        """
        limit = self._limit(tenant, metered)
        if limit is None or not count:
            return count
        update = self._add(tenant, metered, count=count)
        answer: dict[str, dict[str, codec.Item]] = {}

        def add() -> None:
            answer.update(
                self.config.table.client.update_item(**update, ReturnValues="UPDATED_NEW")
            )

        self.config.table.try_to(add)
        used = int(codec.value(answer["Attributes"]["used"]))
        return rules.within(limit, used=used, count=count)

    def claim(self, tenant: str, metered: Metered, *, count: int) -> None:
        """Count so many more of today's if all of them are within the quota.

        Raises:
            QuotaExceeded: they are not; nothing was counted.
            Transient: the table cannot be read or written.
        """
        limit = self._limit(tenant, metered)
        if limit is None or not count:
            return
        has_room = "attribute_not_exists(used) OR used <= :room"
        update = self._add(tenant, metered, count=count, condition=has_room, room=limit - count)
        if count > limit or not self.config.table.try_to(
            lambda: self.config.table.client.update_item(**update)
        ):
            raise rules.exceeded(metered, limit=limit, now=self.clock())

    def _add(
        self, tenant: str, metered: Metered, *, count: int, condition: str = "", **values: int
    ) -> dict[str, object]:
        update: dict[str, object] = self.config.table.update(
            {"pk": keys.tenant(tenant), "sk": self._today(metered)},
            "SET expires_at = :expires ADD used :count",
            condition,
            count=count,
            expires=int((self.clock() + KEEP).timestamp()),
            **values,
        )
        return update

    def _today(self, metered: Metered) -> str:
        return keys.used_on(rules.day(self.clock()), metered)

    def _limit(self, tenant: str, metered: Metered) -> int | None:
        known = self._known.get(tenant, now_s=self.clock().timestamp(), read=self.get)
        return known.limit(metered)
