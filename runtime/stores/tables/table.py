"""Reads and writes of a DynamoDB table, for all stores."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from runtime.core.page import Page
from runtime.errors import Transient
from runtime.stores.aws import clients as aws
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

T = TypeVar("T")
MAX_BATCH_GET: Final = 100  # DynamoDB's own
MAX_BATCH_PUT: Final = 25  # DynamoDB's own
LOOK_AT: Final = 250  # records that one request of a listing with a filter reads
MAX_LOOKED_AT: Final = 1000  # records that one call of such a listing reads
MAX_BATCH_TRIES: Final = 5  # after these the caller's queue tries again


class Answer(NamedTuple):
    """The items of one request of a query, and the key after which to go on: None at the end."""

    items: list[Item]
    last: Item | None


class Check(dict[str, Any]):
    """The part of a transaction that only looks; but for its type it is written as a delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table. A failed condition is an answer; every other failure is Transient."""

    client: DynamoDB
    name: str

    def get(self, key: Mapping[str, str]) -> Item | None:
        """The item as it stands now (strong read), or None."""
        with aws.faults(f"read {self.name}"):
            answer = self.client.get_item(
                TableName=self.name, Key=codec.key(key), ConsistentRead=True
            )
        item: Item | None = answer.get("Item")
        return item

    def get_many(self, keys: Iterable[Mapping[str, str]]) -> Iterator[Item]:
        """The items that exist, strongly read, in no order.

        Raises:
            Transient: code `aws_unavailable`: DynamoDB left some keys unread after several tries.
        """
        todo = [codec.key(key) for key in keys]
        for start in range(0, len(todo), MAX_BATCH_GET):
            yield from self._get_batch(todo[start : start + MAX_BATCH_GET])

    def _get_batch(self, keys: list[Item]) -> Iterator[Item]:
        for _ in range(MAX_BATCH_TRIES):
            with aws.faults(f"read {self.name}"):
                answer = self.client.batch_get_item(
                    RequestItems={self.name: {"Keys": keys, "ConsistentRead": True}}
                )
            yield from answer["Responses"].get(self.name, [])
            unprocessed: Mapping[str, Any] = answer.get("UnprocessedKeys", {}).get(self.name, {})
            keys = unprocessed.get("Keys", [])
            if not keys:
                return
        raise Transient(f"{self.name} left reads unprocessed", code="aws_unavailable")

    def put_many(self, items: Iterable[Item]) -> None:
        """Write all items over what is there.

        Raises:
            Transient: code `aws_unavailable`: some of the items may not have been written.
        """
        todo = [{"PutRequest": {"Item": item}} for item in items]
        for start in range(0, len(todo), MAX_BATCH_PUT):
            self._put_batch(todo[start : start + MAX_BATCH_PUT])

    def delete_many(self, keys: Iterable[Mapping[str, str]]) -> None:
        """Delete the items with these keys; one that is not there is no error.

        Raises:
            Transient: code `aws_unavailable`: some of the items may still be there.
        """
        todo = [{"DeleteRequest": {"Key": codec.key(each)}} for each in keys]
        for start in range(0, len(todo), MAX_BATCH_PUT):
            self._put_batch(todo[start : start + MAX_BATCH_PUT])

    def _put_batch(self, requests: list[Any]) -> None:
        for _ in range(MAX_BATCH_TRIES):
            with aws.faults(f"write {self.name}"):
                answer = self.client.batch_write_item(RequestItems={self.name: requests})
            requests = answer.get("UnprocessedItems", {}).get(self.name, [])
            if not requests:
                return
        raise Transient(f"{self.name} left writes unprocessed", code="aws_unavailable")

    def put_if(self, item: Item, condition: str, **values: str | float) -> bool:
        """Write the item if the condition holds; returns whether it does.

        In the condition `:name` stands for `values["name"]` and `#name` for the attribute.
        """
        return self.try_to(lambda: self.client.put_item(**self.put(item, condition, **values)))

    async def put_if_async(self, item: Item, condition: str, **values: str | float) -> bool:
        """Do as `put_if` does, without holding up the event loop."""
        try:
            with aws.faults(f"write {self.name}"):
                await self.client.put_item_async(**self.put(item, condition, **values))
        except ClientError:  # only lost conditions come through `faults`
            return False
        return True

    def put(self, item: Item, condition: str, **values: str | float) -> Any:
        """A put, as a call's arguments or as one write; an empty condition always holds."""
        return {
            "TableName": self.name,
            "Item": item,
            **({"ConditionExpression": condition} if condition else {}),
            **codec.placeholders(condition, values),
        }

    def update(
        self, key: Mapping[str, str], change: str, condition: str, **values: str | float
    ) -> Any:
        """A conditional update, as a call's arguments or as one write of a transaction."""
        return {
            "TableName": self.name,
            "Key": codec.key(key),
            "UpdateExpression": change,
            **({"ConditionExpression": condition} if condition else {}),
            **codec.placeholders(f"{change} {condition}", values),
        }

    def delete(self, key: Mapping[str, str], condition: str, **values: str | float) -> Any:
        """A delete, as one write of a transaction; an empty condition always holds."""
        return {
            "TableName": self.name,
            "Key": codec.key(key),
            **({"ConditionExpression": condition} if condition else {}),
            **codec.placeholders(condition, values),
        }

    def check(self, key: Mapping[str, str], condition: str, **values: str | float) -> Any:
        """A condition on an item that a transaction leaves as it is."""
        return Check(self.delete(key, condition, **values))

    def transact(self, *writes: Any) -> bool:
        """Make all writes or none; False when a condition failed."""
        items = transaction(*writes)
        return self.try_to(lambda: self.client.transact_write_items(TransactItems=items))

    def try_to(self, write: Callable[[], object]) -> bool:
        """Make a conditional write; returns whether its condition holds."""
        try:
            with aws.faults(f"write {self.name}"):
                write()
        except ClientError:  # only lost conditions come through `faults`
            return False
        return True

    def page(
        self,
        query: Mapping[str, Any],
        decode: Callable[[Item], T],
        *,
        limit: int,
        position: Callable[[Item], str],
    ) -> Page[T]:
        """Up to `limit` records of a query that may filter; reads on until the page is full."""
        items: list[Item] = []
        for item in self.query({**query, "Limit": limit + 1}):
            items.append(item)
            if len(items) > limit:
                break
        page = items[:limit]
        more = len(items) > limit
        return Page(
            items=tuple(decode(item) for item in page),
            after=position(page[-1]) if more else None,
        )

    def bounded_page(
        self,
        query: Mapping[str, Any],
        decode: Callable[[Item], T],
        *,
        limit: int,
        position: Callable[[Item], str],
    ) -> Page[T]:
        """Up to `limit` records of a query that filters, after looking at `MAX_LOOKED_AT` at most.

        A page may be short, or empty, and not the last: a filter that fits next to nothing must not
        make one call read everything.
        """
        matches: list[Item] = []
        last: Item | None = None
        look_at = LOOK_AT if "FilterExpression" in query else limit + 1
        for _ in range(MAX_LOOKED_AT // LOOK_AT):
            start = {} if last is None else {"ExclusiveStartKey": last}
            items, last = self.look({**query, **start, "Limit": look_at})
            matches += items
            if len(matches) > limit or last is None:
                break
        page = matches[:limit]
        behind = page[-1] if len(matches) > limit else last
        return Page(
            items=tuple(decode(item) for item in page),
            after=None if behind is None else position(behind),
        )

    def look(self, query: Mapping[str, Any]) -> Answer:
        """The items that one request gives."""
        with aws.faults(f"query {self.name}"):
            answer: Any = self.client.query(TableName=self.name, **query)
        return Answer(answer["Items"], answer.get("LastEvaluatedKey"))

    def query(self, query: Mapping[str, Any]) -> Iterator[Item]:
        """Every item of a query, page after page."""
        start: Mapping[str, Any] = {}
        while True:
            with aws.faults(f"query {self.name}"):
                answer = self.client.query(TableName=self.name, **query, **start)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query = {name: value for name, value in query.items() if name != "ExclusiveStartKey"}
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def transaction(*writes: Any) -> list[Any]:
    """The writes as a transaction's items; they may be of several tables."""
    return [{_kind(write): write} for write in writes]


def _kind(write: Mapping[str, Any]) -> str:
    if isinstance(write, Check):
        return "ConditionCheck"
    if "Item" in write:
        return "Put"
    return "Update" if "UpdateExpression" in write else "Delete"
