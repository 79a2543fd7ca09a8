"""Tickets of an endpoint's rate limit, and permits of an endpoint or a function.

Only endpoints that have a limit have items here. A rate costs one addition a batch, a cap two
conditional writes a batch. Functions always have a cap.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from runtime.core.json_text import dump
from runtime.core.pacing import concurrency, rate_limit
from runtime.core.pacing.concurrency import Grant, Grants
from runtime.core.pacing.rate_limit import RateLimit
from runtime.errors import Transient
from runtime.races import Races
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

KEEP: Final = timedelta(days=2)  # an item that nobody has used for so long holds nothing


class _Permits(NamedTuple):
    """How many permits each owner has, and the revision of that item: 0 when there is none yet."""

    grants: Grants
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Tickets and permits by tenant and holder: a webhook, or a function."""

    table: Table
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def take(self, tenant: str, holder: str, limit: RateLimit, *, count: int) -> list[int]:
        """The next `count` tickets: when the window of each begins, in epoch milliseconds.

        Raises:
            Transient: the counter cannot be reached, or too many workers want it at once.
        """
        key = {"pk": keys.rate(tenant, holder, limit.name)}
        floor = rate_limit.first_ticket(limit, now_ms=self._now_ms())
        for _ in self.races:
            first = self._next(key, count, floor)
            if first is None and self._jump(key, count, floor):
                first = floor
            if first is not None:
                tickets = range(first, first + count)
                return [rate_limit.turn_ms(limit, ticket=ticket) for ticket in tickets]
        raise Transient("the rate limit is contended", code="rate_contended")

    def acquire(
        self,
        tenant: str,
        holder: str,
        *,
        owner: str,
        wanted: int,
        cap: int,
        lease_ms: int = concurrency.DELIVER_LEASE_MS,
    ) -> int:
        """Take up to `wanted` permits for `owner`, of `cap` in all; returns how many it got.

        They end after `lease_ms` if they are not given back.
        """
        for _ in self.races:
            permits = self._permits(tenant, holder)
            after, granted = concurrency.acquire(
                permits.grants,
                owner,
                wanted=wanted,
                cap=cap,
                now_ms=self._now_ms(),
                lease_ms=lease_ms,
            )
            if not granted or self._store(tenant, holder, after, revision=permits.revision):
                return granted
        return 0

    def renew(self, tenant: str, holder: str, *, owner: str, lease_ms: int) -> bool:
        """Let the permits of `owner` end only `lease_ms` from now; returns whether it has them.

        Raises:
            Transient: the store does not answer.
        """
        for _ in self.races:
            permits = self._permits(tenant, holder)
            after = concurrency.renew(
                permits.grants, owner, now_ms=self._now_ms(), lease_ms=lease_ms
            )
            if after is None:
                return False
            if self._store(tenant, holder, after, revision=permits.revision):
                return True
        return False

    def release(self, tenant: str, holder: str, *, owner: str) -> bool:
        """Give back the permits of `owner`; returns whether it worked.

        Permits that were not given back end with their lease.
        """
        for _ in self.races:
            permits = self._permits(tenant, holder)
            after = concurrency.release(permits.grants, owner)
            if self._store(tenant, holder, after, revision=permits.revision):
                return True
        return False

    def _next(self, key: dict[str, str], count: int, floor: int) -> int | None:
        """The first of the next tickets; None when the counter is behind the clock, or is new."""
        tickets: list[int] = []
        update = self.table.update(
            key,
            "SET next_ticket = next_ticket + :count",
            "next_ticket >= :floor",
            count=count,
            floor=floor,
        )

        def add() -> None:
            answer: Any = self.table.client.update_item(**update, ReturnValues="UPDATED_OLD")
            tickets.append(codec.value(answer["Attributes"]["next_ticket"]))

        return tickets[0] if self.table.try_to(add) else None

    def _jump(self, key: dict[str, str], count: int, floor: int) -> bool:
        """Move a counter that lies in the past up to now."""
        update = self.table.update(
            key,
            "SET next_ticket = :after, expires_at = :expires",
            "attribute_not_exists(next_ticket) OR next_ticket < :floor",
            after=floor + count,
            floor=floor,
            expires=self._expires(),
        )
        return self.table.try_to(lambda: self.table.client.update_item(**update))

    def _permits(self, tenant: str, holder: str) -> _Permits:
        item = self.table.get({"pk": keys.permits(tenant, holder)})
        if item is None:
            return _Permits({}, 0)
        raw = json.loads(codec.value(item["leases"]))
        grants = {name: Grant(**grant) for name, grant in raw.items()}
        return _Permits(grants, codec.value(item["revision"]))

    def _store(self, tenant: str, holder: str, grants: Grants, *, revision: int) -> bool:
        item = {
            **codec.key({"pk": keys.permits(tenant, holder)}),
            "leases": codec.text(dump({name: asdict(each) for name, each in grants.items()})),
            "revision": codec.scalar(revision + 1),
            "expires_at": codec.scalar(self._expires()),
        }
        unchanged = "#revision = :was" if revision else "attribute_not_exists(pk)"
        return self.table.put_if(item, unchanged, **({"was": revision} if revision else {}))

    def _expires(self) -> int:
        return int((self.clock() + KEEP).timestamp())

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
