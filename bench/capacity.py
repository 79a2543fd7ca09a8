"""Counts what DynamoDB bills for requests, for each table and each index.

An item's size is that of its names and values:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import math
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from runtime.stores.aws.aws_json import AwsJson

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

WRITE_UNIT: Final = 1024  # bytes
READ_UNIT: Final = 4096  # bytes, read strongly consistently
Item = Mapping[str, Mapping[str, Any]]


def item_bytes(item: Item) -> int:
    """The size of an item. It may hold no lists and maps, and our tables hold none."""
    return sum(
        len(name.encode()) + _value_bytes(value)
        for name, typed_value in item.items()
        for value in [next(iter(typed_value.items()))]
    )


def _value_bytes(value: tuple[str, Any]) -> int:
    match value:
        case ("S", text):
            return len(text.encode())
        case ("B", data):
            return len(data)
        case ("N", number):
            return math.ceil(len(number.lstrip("-").replace(".", "")) / 2) + 1
        case _:
            return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """A table's key and its indexes."""

    key: tuple[str, ...]
    # By the index's name: its key, and the attributes that it holds; None if it holds all.
    indexes: Mapping[str, tuple[tuple[str, ...], frozenset[str] | None]]


@dataclass(slots=True, kw_only=True)
class Meter:
    """Counts the units of every request to a table while `watching`.

    It keeps every item from its first write on, because the size of an overwritten item decides the
    bill as well.
    """

    client: "DynamoDBClient" = field(repr=False)
    write_units: Counter[str] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)
    _items: dict[tuple[str, ...], Item] = field(default_factory=dict)
    _shapes: dict[str, _Shape] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def units(self) -> tuple[int, int]:
        """The write units and the read units so far."""
        return sum(self.write_units.values()), sum(self.read_units.values())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count each request until the block ends."""
        call, call_async = AwsJson.call, AwsJson.call_async

        def metered_call(service: AwsJson, operation: str, request: Mapping[str, Any]) -> Any:
            answer = call(service, operation, request)
            with self._lock:
                self._note(operation, request, answer)
            return answer

        async def metered_call_async(
            service: AwsJson, operation: str, request: Mapping[str, Any]
        ) -> Any:
            answer = await call_async(service, operation, request)
            with self._lock:
                self._note(operation, request, answer)
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AwsJson, "call", metered_call)
            patch.setattr(AwsJson, "call_async", metered_call_async)
            yield

    def _note(self, operation: str, request: Mapping[str, Any], answer: Any) -> None:
        match operation:
            case "PutItem":
                self._write(request["TableName"], request["Item"])
            case "BatchWriteItem":
                [(table, writes)] = request["RequestItems"].items()
                for write in writes:
                    self._write(table, write["PutRequest"]["Item"])
            case "BatchGetItem":
                [(table, keys)] = request["RequestItems"].items()
                items_read = answer["Responses"].get(table, [])
                missing = len(keys["Keys"]) - len(
                    items_read
                )  # a read that finds nothing is billed too
                self.read_units[table] += sum(map(_read_units, items_read)) + missing
            case "GetItem" | "Query":
                items = answer.get("Items", [answer.get("Item") or {}])
                together = sum(map(item_bytes, items))
                self.read_units[request["TableName"]] += max(1, math.ceil(together / READ_UNIT))
            case "SendMessage" | "SendMessageBatch":
                pass
            case _:
                raise NotImplementedError(f"{operation} is on no path that is measured")

    def _write(self, table: str, item: Item) -> None:
        """Count a write: of the item in its table, and in each index that holds or held it."""
        shape = self._shapes.get(table) or self._look_up(table)
        key = (table, *(str(item[name]) for name in shape.key))
        previous = self._items.get(key)
        self._items[key] = item
        self.write_units[table] += _units(max(item_bytes(item), item_bytes(previous or {})))
        for name, (index_key, attributes) in shape.indexes.items():
            before, after = (_projected(each, index_key, attributes) for each in (previous, item))
            self.write_units[f"{table}/{name}"] += _index_units(before, after, index_key)

    def _look_up(self, table: str) -> _Shape:
        description = self.client.describe_table(TableName=table)["Table"]
        key = tuple(each["AttributeName"] for each in description["KeySchema"])
        indexes: dict[str, tuple[tuple[str, ...], frozenset[str] | None]] = {}
        for index in description.get("GlobalSecondaryIndexes", []):
            own = tuple(each["AttributeName"] for each in index["KeySchema"])
            projection = index["Projection"]
            is_all = projection["ProjectionType"] == "ALL"
            attributes = frozenset({*key, *own, *projection.get("NonKeyAttributes", [])})
            indexes[index["IndexName"]] = (own, None if is_all else attributes)
        self._shapes[table] = _Shape(key=key, indexes=indexes)
        return self._shapes[table]


def _projected(
    item: Item | None, key: tuple[str, ...], attributes: frozenset[str] | None
) -> Item | None:
    if item is None or not all(name in item for name in key):
        return None
    return {name: value for name, value in item.items() if attributes is None or name in attributes}


def _index_units(before: Item | None, after: Item | None, key: tuple[str, ...]) -> int:
    if before == after:
        return 0
    sizes = [_units(item_bytes(each)) for each in (before, after) if each is not None]
    has_moved = before is None or after is None or any(before[name] != after[name] for name in key)
    return sum(sizes) if has_moved else max(sizes)


def _units(size: int) -> int:
    return math.ceil(size / WRITE_UNIT)


def _read_units(item: Item) -> int:
    return math.ceil(item_bytes(item) / READ_UNIT)
