"""The raw log: batches on S3, numbered without a gap in the ledger table."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from runtime.core.archive import raw_log, rewrite
from runtime.core.archive.raw_log import EncodedBatch, Kind, RawBatch
from runtime.core.ids import Key
from runtime.errors import BadInput, Transient
from runtime.races import Races
from runtime.stores.archive import items
from runtime.stores.aws import clients as aws
from runtime.stores.aws.s3 import Bucket
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

_HEAD: Final = {"pk": keys.RAW, "sk": keys.RAW_HEAD}
_LOST: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLog:
    """Appends batches and reads them in order of arrival."""

    bucket: Bucket
    table: Table
    races: Races = field(default_factory=Races)

    def append(self, batch: EncodedBatch, *, now: datetime) -> int:
        """Store a batch; returns its number, which the same batch keeps when it comes again soon.

        The object is written first, so that a number always names a whole object. If the archiver
        is killed before it has a number, nobody reads the object; its rows come again with their
        messages.

        Raises:
            Transient: code `raw_log_busy`: too many archivers append at once.
        """
        key = raw_log.key(batch, now=now)
        self.bucket.put_once(key, batch.data)
        for _ in self.races:  # for a number that other archivers want too
            batch_item = self.table.get(_name(key))
            if batch_item is not None:
                return int(codec.value(batch_item["seq"]))
            seq = self._head() + 1
            if self._number(batch, key, seq=seq, now=now):
                return seq
        raise Transient("the next arrival number is contended", code="raw_log_busy")

    def since(self, seq: int) -> Iterator[RawBatch]:
        """The batches after this number, in order of arrival."""
        return self._between(seq + 1, 10**12 - 1)

    def between(self, first: int, last: int) -> Iterator[RawBatch]:
        """The batches from `first` to `last`, both included."""
        return self._between(first, last)

    def last_before(self, moment: str) -> int:
        """The number of the last batch that arrived before a moment (ISO 8601); 0 if none did.

        Numbers follow the clocks of archivers, so a few reads find it among millions.

        Raises:
            BadInput: code `raw_gap`: the ledger has lost a number.
        """
        before, after = 0, self._head() + 1
        while after - before > 1:
            middle = (before + after) // 2
            if self._batch(middle).appended_at < moment:
                before = middle
            else:
                after = middle
        return before

    def holds(self, batch: RawBatch) -> bool:
        """Whether the object of a batch is there."""
        return self.bucket.holds(batch.key)

    def fetch(self, batches: Iterable[RawBatch], *, folder: Path) -> Mapping[Path, Kind]:
        """Copy batches to files in a folder; returns what each file has, in the batches' order.

        Raises:
            NotFound: the object of one of them is gone.
        """
        paths = {folder / f"{batch.seq:012d}.jsonl.gz": batch for batch in batches}
        self.bucket.fetch_all({batch.key: path for path, batch in paths.items()})
        return {path: batch.kind for path, batch in paths.items()}

    def take_out(self, seq: int, erased: Collection[Key], *, kept_since: str) -> int:
        """Take the rows of these people out of a batch; returns how many there were.

        A batch that arrived before `kept_since` (ISO 8601) should have expired, and would live
        again for as long if it were replaced: all its rows are taken out.

        The object is replaced where it stands, on the condition that it still is what was read.
        So of two erasures that meet at one batch, one begins it again, and a load reads the batch
        as it was or as it is. A batch whose object has expired has no rows.

        Raises:
            Transient: code `raw_batch_busy`: others keep rewriting it.
        """
        key = {"pk": keys.RAW, "sk": keys.raw_batch(seq)}
        removed = 0
        for _ in self.races:
            item = self.table.get(key)
            before = None if item is None else items.batch(item)
            read = None if before is None else self.bucket.read(before.key)
            if before is None or read is None:
                return removed
            after = rewrite.without(read.body, erased, before=before)
            if before.appended_at < kept_since:
                after = after.emptied(before)
            if after.removed and not self.bucket.replace(before.key, after.batch.data, old=read):
                continue
            removed += after.removed
            if after.batch.digest == before.digest or self._renew(key, before, after.batch):
                return removed
        raise Transient("this raw batch is contended", code="raw_batch_busy")

    def _renew(self, key: Mapping[str, str], before: RawBatch, batch: EncodedBatch) -> bool:
        """Have the ledger say what a batch holds by now; False when another has meanwhile."""
        values = {f":{name}": value for name, value in items.content(batch).items()}
        change = {
            "TableName": self.table.name,
            "Key": codec.key(key),
            "UpdateExpression": "SET " + ", ".join(f"#{name[1:]} = {name}" for name in values),
            "ConditionExpression": "#digest = :before",
            "ExpressionAttributeNames": {f"#{name[1:]}": name[1:] for name in values},
            "ExpressionAttributeValues": {**values, ":before": codec.text(before.digest)},
        }
        return self.table.try_to(lambda: self.table.client.update_item(**change))

    def _batch(self, seq: int) -> RawBatch:
        item = self.table.get({"pk": keys.RAW, "sk": keys.raw_batch(seq)})
        if item is None:
            raise BadInput(f"raw batch {seq} is missing from the ledger", code="raw_gap")
        return items.batch(item)

    def _head(self) -> int:
        head = self.table.get(_HEAD)
        return 0 if head is None else int(codec.value(head["seq"]))

    def _number(self, batch: EncodedBatch, key: str, *, seq: int, now: datetime) -> bool:
        writes = [
            self.table.update(
                _HEAD,
                "SET #seq = :seq",
                "attribute_not_exists(#seq) OR #seq = :before",
                seq=seq,
                before=seq - 1,
            ),
            self.table.put(
                {**codec.key(_name(key)), "seq": codec.scalar(seq)}, "attribute_not_exists(pk)"
            ),
            self.table.put(_item(batch, key, seq=seq, now=now), "attribute_not_exists(pk)"),
        ]
        with aws.faults("number a raw batch"):
            return _won(self.table, writes)

    def _between(self, first: int, last: int) -> Iterator[RawBatch]:
        if first > last:  # DynamoDB refuses such bounds
            return iter(())
        query = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": codec.key(
                {":pk": keys.RAW, ":first": keys.raw_batch(first), ":last": keys.raw_batch(last)}
            ),
            # A batch that is not seen now would be skipped for ever.
            "ConsistentRead": True,
        }
        return (items.batch(item) for item in self.table.query(query))


def _won(table: Table, writes: list[Any]) -> bool:
    head, *puts = writes
    transaction: list[Any] = [{"Update": head}, *({"Put": put} for put in puts)]
    try:
        table.client.transact_write_items(TransactItems=transaction)
    except ClientError as problem:
        if _LOST.isdisjoint(aws.cancellations(problem)):
            raise
        return False  # another archiver took the number
    return True


def _name(key: str) -> dict[str, str]:
    return {"pk": keys.RAW, "sk": keys.raw_name(key)}


def _item(batch: EncodedBatch, key: str, *, seq: int, now: datetime) -> codec.Item:
    number = codec.key({"pk": keys.RAW, "sk": keys.raw_batch(seq)})
    return {**items.batch_item(batch, key, now=now), **number}
