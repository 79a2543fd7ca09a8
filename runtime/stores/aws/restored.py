"""Makes a table hold just what a restored copy of it holds.

DynamoDB restores a backup into a new table, and the template's tables have names of their own. So
what was restored is written back: items that differ are put, and those that the copy lacks are
deleted. It may be stopped and run again; the end is the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runtime.errors import NotFound, Transient
from runtime.stores.aws import stack as stacks
from runtime.stores.aws.clients import faults

TABLE: Final = "AWS::DynamoDB::Table"
READS: Final = 100  # DynamoDB's own, of one batch
WRITES: Final = 25  # DynamoDB's own, of one batch
TRIES: Final = 8  # of what a batch leaves undone; botocore waits between its own
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
                changed = [item for item in items if item not in stored]
                self._write([{"PutRequest": {"Item": item}} for item in changed])
                looked_at, written = looked_at + len(items), written + len(changed)
                yield Restored(looked_at=looked_at, written=written, deleted=deleted)
            for items in self._pages(self.target):
                kept = [_key(item, keys) for item in self._stored(self.source, items, keys)]
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
    made = stacks.resources(stack, cloudformation=client("cloudformation"))
    tables = {each.name: each.id for each in made if each.kind == TABLE}
    if name not in tables:
        raise NotFound(
            f"no table {name!r}; there are {', '.join(sorted(tables))}", code="table_not_found"
        )
    return tables[name]


def _key(item: Item, keys: Sequence[str]) -> Item:
    return {name: item[name] for name in keys}


def _parts(items: list[Item], count: int) -> Iterator[list[Item]]:
    return (items[first : first + count] for first in range(0, len(items), count))
