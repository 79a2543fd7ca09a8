"""Stores error groups: an item each, which a batch of failed runs adds to without reading it.

They are listed by the index `by_function`, in a partition beside that of the function's runs, so a
group moves to the front with each failure.
"""

import json
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from runtime.core.functions import error_groups
from runtime.core.functions.error_groups import ErrorGroup
from runtime.core.ids import Key
from runtime.core.json_text import dump
from runtime.core.page import Page, every
from runtime.core.timestamps import moment
from runtime.errors import Transient
from runtime.races import Races
from runtime.stores.functions import items
from runtime.stores.tables import codec, keys, records
from runtime.stores.tables.records import AgeList
from runtime.stores.tables.table import Table

MAX_KNOWN: Final = 10_000  # functions in memory; when there are as many, all are forgotten
KEEP_DAY: Final = timedelta(days=2)  # how long it is remembered what was opened on a day
_COUNTED: Final = frozenset({"count", "first_seen"})  # the fields that a write does not replace


class _Day(NamedTuple):
    """The groups that a function has opened on a day."""

    date: str  # ISO 8601, in UTC
    ids: frozenset[str] = frozenset()
    revision: int = 0  # of the item; 0 while there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroups:
    """Groups by id, listed by function."""

    table: Table
    clock: Callable[[], datetime]
    retention_days: int  # how long a group is kept after its last failure
    races: Races = field(default_factory=Races)
    _days: dict[Key, _Day] = field(default_factory=dict)

    def open(self, tenant: str, name: str, group_ids: Iterable[str]) -> frozenset[str]:
        """Open those of the function's groups that today has room for; returns all of today's.

        A warm worker remembers the day's groups, so only a group that is new to it costs a read,
        and only one that is new to the day a write.

        Raises:
            Transient: code `error_groups_changed`: other workers keep opening groups.
        """
        today, key = self.clock().astimezone(UTC).date().isoformat(), Key(tenant, name)
        asked_ids = list(group_ids)
        day = self._days.get(key)
        if day is None or day.date != today:
            day = self._read(key, today)
        for _ in self.races:
            open_ids = error_groups.opened(day.ids, asked_ids)
            if open_ids == day.ids or self._store(key, day, open_ids):
                return open_ids
            day = self._read(key, today)
        raise Transient("the function's errors keep changing", code="error_groups_changed")

    def add(self, gain: ErrorGroup) -> None:
        """Add what a batch gains to its group; its newest run becomes the example."""
        values: dict[str, str | float] = {
            each.name: value
            for each in fields(gain)
            if (value := getattr(gain, each.name)) is not None
        }
        values |= {
            "list_sk": keys.in_time(gain.last_seen, gain.id),
            "by_function_pk": keys.errors_of(gain.tenant, gain.function),
            "expires_at": int(
                (moment(gain.last_seen) + timedelta(days=self.retention_days)).timestamp()
            ),
        }
        replaced = ", ".join(f"#{name} = :{name}" for name in values if name not in _COUNTED)
        write = self.table.update(
            {"pk": gain.id},
            f"SET {replaced}, first_seen = if_not_exists(first_seen, :first_seen)"
            " ADD #count :count",
            "",
            **values,
        )
        self.table.try_to(lambda: self.table.client.update_item(**write))

    def blank(self, tenant: str, name: str, run_ids: Container[str]) -> int:
        """Take from a function's groups the messages that these runs gave; returns how many.

        A group has the message of its newest run; one that has a newer run by now keeps that.
        """
        groups = every(lambda after: self.list(tenant, name, after=after))
        return sum(
            self._blank(group) for group in groups if group.run_id in run_ids and group.message
        )

    def _blank(self, group: ErrorGroup) -> bool:
        write = self.table.update(
            {"pk": group.id},
            "SET #message = :none",
            "#run_id = :run_id",
            none="",
            run_id=group.run_id,
        )
        return self.table.try_to(lambda: self.table.client.update_item(**write))

    def list(
        self,
        tenant: str,
        name: str,
        *,
        since: str | None = None,
        version: int | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[ErrorGroup]:
        """A function's groups, the one that failed last first.

        Args:
            tenant: whose.
            name: the function's.
            since: when the function was created, ISO 8601: groups that failed last before that are
                those of another one that had its name. None lists these, too.
            version: None lists those of all versions.
            after: the position after which to go on; None at the beginning.
            limit: at most so many.
        """
        partition = keys.errors_of(tenant, name)
        query = AgeList(index="by_function", partition=partition, since=since).query(after=after)
        if version is not None:
            query["FilterExpression"] = "#version = :version"
            query["ExpressionAttributeNames"] = {"#version": "version"}
            query["ExpressionAttributeValues"] |= {":version": codec.scalar(version)}
        return self.table.bounded_page(
            query, items.error_group, limit=limit, position=records.position
        )

    def _read(self, key: Key, date: str) -> _Day:
        item = self.table.get({"pk": keys.error_day(key.tenant, date, key.id)})
        day = _Day(date)
        if item is not None:
            opened_ids = frozenset(json.loads(codec.value(item["groups"])))
            day = _Day(date, opened_ids, codec.value(item["revision"]))
        return self._remembered(key, day)

    def _store(self, key: Key, day: _Day, open_ids: frozenset[str]) -> bool:
        item = {
            **codec.key({"pk": keys.error_day(key.tenant, day.date, key.id)}),
            "groups": codec.text(dump(sorted(open_ids))),
            "revision": codec.scalar(day.revision + 1),
            "expires_at": codec.scalar(int((self.clock() + KEEP_DAY).timestamp())),
        }
        unchanged = "#revision = :was" if day.revision else "attribute_not_exists(pk)"
        was = {"was": day.revision} if day.revision else {}
        if not self.table.put_if(item, unchanged, **was):
            return False
        self._remembered(key, _Day(day.date, open_ids, day.revision + 1))
        return True

    def _remembered(self, key: Key, day: _Day) -> _Day:
        if len(self._days) >= MAX_KNOWN:
            self._days.clear()
        self._days[key] = day
        return day
