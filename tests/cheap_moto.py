"""The account in this process, in which a call costs what it is about, and not what is stored.

moto copies each table that a transaction names, to put it back if the transaction fails, and counts
all messages of a queue whenever one is sent. Tests with a hundred API keys spent nine tenths of
their time so. Here a transaction copies the items that it names, and messages are counted when
somebody asks how many there are. What calls answer and leave is the same.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any, Final

from moto.dynamodb import models
from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.sqs.models import Queue

MOTOS_TRANSACTION: Final = DynamoDBBackend.transact_write_items
MOTOS_ATTRIBUTES: Final = Queue.attributes

# moto's own, for which a copy of a table is the table.
_IN_PLACE: Final = FunctionType(
    MOTOS_TRANSACTION.__code__,
    {**vars(models), "copy": SimpleNamespace(deepcopy=lambda table: table)},
)


def install() -> None:
    """Have moto be so in this process; a second time changes nothing."""
    setattr(DynamoDBBackend, MOTOS_TRANSACTION.__name__, _transact_write_items)
    setattr(Queue, "attributes", property(_Attributes))  # noqa: B010 - mypy knows it as read-only


def uninstall() -> None:
    """Have moto be as it comes."""
    setattr(DynamoDBBackend, MOTOS_TRANSACTION.__name__, MOTOS_TRANSACTION)
    setattr(Queue, "attributes", MOTOS_ATTRIBUTES)  # noqa: B010 - as above


class _Attributes(Mapping[str, Any]):
    """The attributes of a queue; before it sends, moto asks for one that FIFO queues have."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def __getitem__(self, name: str) -> Any:
        if name in Queue.FIFO_ATTRIBUTES and not self._queue.fifo_queue:
            raise KeyError(name)
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Any]:
        attributes: dict[str, Any] = MOTOS_ATTRIBUTES.__get__(self._queue)
        return attributes


def _transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    put_back = [_undo(backend, write) for write in transact_items]
    try:
        _IN_PLACE(backend, transact_items)
    except Exception:
        for undo in put_back:
            undo()
        raise


def _undo(backend: DynamoDBBackend, write: dict[str, Any]) -> Callable[[], None]:
    """What puts the item of a write, and the stream of its table, back to what they are now."""
    [operation, *_] = write.values()
    key = operation.get("Key") or operation.get("Item") or {}
    try:
        table = backend.get_table(operation.get("TableName"))
        hash_key = DynamoType(key[table.hash_key_attr])
        range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
        item = copy.deepcopy(table.get_item(hash_key, range_key))
    except (KeyError, ResourceNotFoundException):  # moto refuses the whole transaction for it
        return lambda: None
    streamed = len(table.stream_shard.items) if table.stream_shard else 0

    def undo() -> None:
        _store(table, hash_key, range_key, item)
        if table.stream_shard:
            del table.stream_shard.items[streamed:]

    return undo


def _store(table: Table, hash_key: DynamoType, range_key: DynamoType | None, item: Any) -> None:
    items: Any = table.items if range_key is None else table.items[hash_key]
    if item is None:
        items.pop(hash_key if range_key is None else range_key, None)
    else:
        items[hash_key if range_key is None else range_key] = item
