"""What DynamoDB bills for requests: names and values, table by table and index by index."""

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

WRITE_UNIT: Final = 1024
READ_UNIT: Final = 4096
Item = Mapping[str, Mapping[str, Any]]


def item_bytes(item: Item) -> int:
    """The size of an item without lists and maps, of which we store none."""
    return sum(
        len(name.encode()) + _value_bytes(value)
        for name, held in item.items()
        for value in [next(iter(held.items()))]
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
    """A table's key, and of each index the key and what it holds besides; None for everything."""

    key: tuple[str, ...]
    indexes: Mapping[str, tuple[tuple[str, ...], frozenset[str] | None]]


@dataclass(slots=True, kw_only=True)
class Meter:
    """Counts the units of every request to a table while `watching`.

    It follows the items from their first write on, because what is overwritten decides the bill.
    """

    client: "DynamoDBClient" = field(repr=False)
    written: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    _items: dict[tuple[str, ...], Item] = field(default_factory=dict)
    _shapes: dict[str, _Shape] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def units(self) -> tuple[int, int]:
        """Write and read units so far."""
        return sum(self.written.values()), sum(self.read.values())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at each request of tables and queues."""
        call, call_async = AwsJson.call, AwsJson.call_async

        def seen(service: AwsJson, operation: str, request: Mapping[str, Any]) -> Any:
            answer = call(service, operation, request)
            with self._lock:
                self._note(operation, request, answer)
            return answer

        async def seen_async(service: AwsJson, operation: str, request: Mapping[str, Any]) -> Any:
            answer = await call_async(service, operation, request)
            with self._lock:
                self._note(operation, request, answer)
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AwsJson, "call", seen)
            patch.setattr(AwsJson, "call_async", seen_async)
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
                [(table, asked)] = request["RequestItems"].items()
                there = answer["Responses"].get(table, [])
                missing = len(asked["Keys"]) - len(there)  # looking in vain is billed, too
                self.read[table] += sum(map(_read_units, there)) + missing
            case "GetItem" | "Query":
                items = answer.get("Items", [answer.get("Item") or {}])
                together = sum(map(item_bytes, items))
                self.read[request["TableName"]] += max(1, math.ceil(together / READ_UNIT))
            case "SendMessage" | "SendMessageBatch":
                pass
            case _:
                raise NotImplementedError(f"{operation} is on no path that is measured")

    def _write(self, table: str, item: Item) -> None:
        """An item in its table and in each index that it is, or was, in."""
        shape = self._shapes.get(table) or self._look_up(table)
        key = (table, *(str(item[name]) for name in shape.key))
        was = self._items.get(key)
        self._items[key] = item
        self.written[table] += _units(max(item_bytes(item), item_bytes(was or {})))
        for name, (index_key, held) in shape.indexes.items():
            old, new = (_projected(each, index_key, held) for each in (was, item))
            self.written[f"{table}/{name}"] += _index_units(old, new, index_key)

    def _look_up(self, table: str) -> _Shape:
        told = self.client.describe_table(TableName=table)["Table"]
        key = tuple(each["AttributeName"] for each in told["KeySchema"])
        indexes: dict[str, tuple[tuple[str, ...], frozenset[str] | None]] = {}
        for index in told.get("GlobalSecondaryIndexes", []):
            own = tuple(each["AttributeName"] for each in index["KeySchema"])
            projection = index["Projection"]
            is_all = projection["ProjectionType"] == "ALL"
            held = frozenset({*key, *own, *projection.get("NonKeyAttributes", [])})
            indexes[index["IndexName"]] = (own, None if is_all else held)
        self._shapes[table] = _Shape(key=key, indexes=indexes)
        return self._shapes[table]


def _projected(item: Item | None, key: tuple[str, ...], held: frozenset[str] | None) -> Item | None:
    if item is None or not all(name in item for name in key):
        return None
    return {name: value for name, value in item.items() if held is None or name in held}


def _index_units(old: Item | None, new: Item | None, key: tuple[str, ...]) -> int:
    if old == new:
        return 0
    sizes = [_units(item_bytes(each)) for each in (old, new) if each is not None]
    moved = old is None or new is None or any(old[name] != new[name] for name in key)
    return sum(sizes) if moved else max(sizes)


def _units(size: int) -> int:
    return math.ceil(size / WRITE_UNIT)


def _read_units(item: Item) -> int:
    return math.ceil(item_bytes(item) / READ_UNIT)
