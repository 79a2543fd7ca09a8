"""What deliveries and runs share: age lists, the due index, and the day they expire."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final, TypeVar

from runtime.core.delivery import Delivery
from runtime.core.envelope import moment
from runtime.core.page import Page
from runtime.core.run import Run
from runtime.stores import codec, keys
from runtime.stores.codec import Item
from runtime.stores.table import Table

T = TypeVar("T")
DUE_PAGE: Final = 100  # one look at a shard; what is left is due next minute too


def attributes(record: Delivery | Run, *, retention_days: int) -> Item:
    """The record with the keys of its table, its age list, the due index and its expiry."""
    expires = moment(record.created_at) + timedelta(days=retention_days)
    item = {
        **codec.encode(record),
        **codec.key(
            {"pk": record.id, "list_sk": keys.in_time(record.created_at, record.id)},
        ),
        "expires_at": codec.scalar(int(expires.timestamp())),
    }
    if record.due_at_ms is not None:
        item |= codec.key({"due_shard": keys.due_shard(record.id)})
    return item


def lease(table: Table, record: Delivery | Run, *, until_ms: int) -> bool:
    """Push a due time to `until_ms`, unless somebody else has; whether it was us.

    The record stays due: should the hint be lost, the next sweep after the lease finds it again.
    """
    if record.due_at_ms is None:
        return False
    write = table.update(
        {"pk": record.id},
        "SET due_at_ms = :until",
        "due_at_ms = :was",
        until=until_ms,
        was=record.due_at_ms,
    )
    return table.try_to(lambda: table.client.update_item(**write))


def due(
    table: Table, decode: Callable[[Item], T], *, shard: str, now_ms: int, limit: int
) -> Iterator[T]:
    """Records of a shard that are due, the longest waiting first; the index may lag a moment."""
    query = {
        "IndexName": "due",
        "KeyConditionExpression": "due_shard = :shard AND due_at_ms <= :now",
        "ExpressionAttributeValues": {":shard": {"S": shard}, ":now": codec.scalar(now_ms)},
        "Limit": min(limit, DUE_PAGE),
    }
    for number, item in enumerate(table.query(query)):
        if number == limit:
            return
        yield decode(item)


def newest(  # noqa: PLR0913 - a listing is made of exactly these
    table: Table,
    decode: Callable[[Item], T],
    *,
    index: str,
    partition: str,
    status: str | None,
    after: str | None,
    limit: int,
) -> Page[T]:
    """A page of an age list, newest first."""
    name = f"{index}_pk"
    query: dict[str, Any] = {
        "IndexName": index,
        "KeyConditionExpression": f"{name} = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
        "ScanIndexForward": False,
    }
    if status is not None:
        query["FilterExpression"] = "#status = :status"
        query["ExpressionAttributeNames"] = {"#status": "status"}
        query["ExpressionAttributeValues"][":status"] = {"S": status}
    if after is not None:
        record_id = after.partition("#")[2]
        query["ExclusiveStartKey"] = codec.key({name: partition, "list_sk": after, "pk": record_id})
    return table.page(query, decode, limit=limit, position=lambda item: str(item["list_sk"]["S"]))
