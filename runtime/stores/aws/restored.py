"""Makes a table hold just what a restored copy of it holds.

DynamoDB restores a backup into a new table, and the template's tables have names of their own. So
what was restored is written back: items that differ are put, and those that the copy lacks are
deleted. It may be stopped and run again; the end is the same.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from runtime.core.timestamps import moment
from runtime.errors import BadInput, NotFound, Transient
from runtime.stores.aws import stack as stacks
from runtime.stores.aws.clients import error_code, faults

TABLE: Final = "AWS::DynamoDB::Table"
READS: Final = 100  # DynamoDB's own, of one batch
WRITES: Final = 25  # DynamoDB's own, of one batch
TRIES: Final = 8  # of what a batch leaves undone; botocore waits between its own
# How often DynamoDB is asked whether a copy is made, every 20 seconds; a large table takes hours.
LOOKS: Final = 3 * 3600 // 20
Item = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How far the writing back has come."""

    looked_at: int  # items of both tables
    written: int  # items that differed or were not there
    deleted: int  # items that the copy lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Writes one table back."""

    dynamodb: Any  # botocore's client
    source: str  # the name of the restored copy
    target: str  # the name of the installation's table
    # Keys of items that stay as the target has them; botocore's form.
    kept: Sequence[Item] = ()
    keeps_later: bool = False  # whether items stay that the copy lacks

    def __call__(self) -> Iterator[Restored]:
        """Write back page by page; gives how far it has come after each.

        Raises:
            Transient: AWS does not answer; run it again.
        """
        looked_at = written = deleted = 0
        with faults(f"restore {self.target}"):
            keys = self._keys()
            for items in self._pages(self.source):
                stored = self._stored(self.target, items, keys)
                changed = [
                    item
                    for item in items
                    if item not in stored and _key(item, keys) not in self.kept
                ]
                self._write([{"PutRequest": {"Item": item}} for item in changed])
                looked_at, written = looked_at + len(items), written + len(changed)
                yield Restored(looked_at=looked_at, written=written, deleted=deleted)
            for items in () if self.keeps_later else self._pages(self.target):
                kept = [_key(item, keys) for item in self._stored(self.source, items, keys)]
                kept += self.kept
                extra = [key for item in items if (key := _key(item, keys)) not in kept]
                self._write([{"DeleteRequest": {"Key": key}} for key in extra])
                looked_at, deleted = looked_at + len(items), deleted + len(extra)
                yield Restored(looked_at=looked_at, written=written, deleted=deleted)

    def _keys(self) -> Sequence[str]:
        table = self.dynamodb.describe_table(TableName=self.target)["Table"]
        return [each["AttributeName"] for each in table["KeySchema"]]

    def _pages(self, table: str) -> Iterator[list[Item]]:
        scan = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        for page in scan:
            yield from _parts(page["Items"], READS)

    def _stored(self, table: str, items: Sequence[Item], keys: Sequence[str]) -> list[Item]:
        """What a table has under the keys of these items."""
        left: Any = {"Keys": [_key(item, keys) for item in items], "ConsistentRead": True}
        stored: list[Item] = []
        for _ in range(TRIES):
            answer = self.dynamodb.batch_get_item(RequestItems={table: left})
            stored += answer["Responses"].get(table, [])
            left = answer.get("UnprocessedKeys", {}).get(table)
            if not left:
                return stored
        raise Transient(f"{table} left reads unprocessed", code="aws_unavailable")

    def _write(self, requests: list[Item]) -> None:
        for some in _parts(requests, WRITES):
            left: Any = some
            for _ in range(TRIES):
                answer = self.dynamodb.batch_write_item(RequestItems={self.target: left})
                left = answer.get("UnprocessedItems", {}).get(self.target)
                if not left:
                    break
            else:
                raise Transient(f"{self.target} left writes undone", code="aws_unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A table beside another one, as that was at a time; DynamoDB makes it of its history."""

    dynamodb: Any  # botocore's client
    table: str  # the name of the table that it is a copy of
    at: str  # ISO 8601
    look_every_s: int = 20  # while DynamoDB makes it

    @property
    def name(self) -> str:
        """The copy's name: the same for the same time, so that whoever is stopped goes on."""
        return f"{self.table}-at-{re.sub('[^0-9]', '', self.at)}"

    def start(self) -> None:
        """Let DynamoDB make the copy; if it is there already, all is well.

        Raises:
            BadInput: code `bad_time`: the table's history does not reach to this time.
            Transient: AWS does not answer; start it again.
        """
        with faults(f"copy {self.table}"):
            try:
                self.dynamodb.restore_table_to_point_in_time(
                    SourceTableName=self.table,
                    TargetTableName=self.name,
                    RestoreDateTime=moment(self.at),
                )
            except ClientError as problem:
                match error_code(problem):
                    case "TableAlreadyExistsException":
                        pass
                    case "InvalidRestoreTimeException" | "PointInTimeRecoveryUnavailableException":
                        raise BadInput(
                            f"{self.table} has no history at {self.at}; name a time of the last 35"
                            " days, at least five minutes ago, at which the table was there",
                            field="at",
                            code="bad_time",
                        ) from problem
                    case _:
                        raise

    def wait(self) -> None:
        """Wait until the copy is made.

        Raises:
            Transient: it takes hours, or AWS does not answer; wait again.
        """
        with faults(f"copy {self.table}"):
            self.dynamodb.get_waiter("table_exists").wait(
                TableName=self.name,
                WaiterConfig={"Delay": self.look_every_s, "MaxAttempts": LOOKS},
            )

    def delete(self) -> None:
        """Delete the copy, once it is written back.

        Raises:
            Transient: AWS does not answer.
        """
        with faults(f"delete {self.name}"):
            self.dynamodb.delete_table(TableName=self.name)


def tables(stack: str, *, client: Callable[[str], Any]) -> dict[str, str]:
    """The names in their account of a stack's tables, by those of the template; see `table_of`."""
    made = stacks.resources(stack, cloudformation=client("cloudformation"))
    return {each.name: each.id for each in made if each.kind == TABLE}


def table_of(stack: str, name: str, *, client: Callable[[str], Any]) -> str:
    """The name in its account of a stack's table.

    Args:
        stack: its name.
        name: of the table, as the template calls it.
        client: makes botocore's client of a service.

    Raises:
        NotFound: code `table_not_found`; names those that there are. Or code `stack_not_found`.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    made = tables(stack, client=client)
    if name not in made:
        raise NotFound(
            f"no table {name!r}; there are {', '.join(sorted(made))}", code="table_not_found"
        )
    return made[name]


def _key(item: Item, keys: Sequence[str]) -> Item:
    return {name: item[name] for name in keys}


def _parts(items: list[Item], count: int) -> Iterator[list[Item]]:
    return (items[first : first + count] for first in range(0, len(items), count))
