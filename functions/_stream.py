"""Hands a stream's records to one follower, and keeps whole those that it could not follow.

A stream waits for its oldest record and forgets it after a day: a record that fails for ever would
hold up all later ones of its shard, and then be lost. So a batch that fails is set aside in a
queue. The same function gets its records from there one by one; those that go on failing end in the
queue's dead letters, from which they can be redriven.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from functions._batch import BatchHandler
from functions._telemetry import begin, count, logger
from runtime.errors import BadInput, Transient
from runtime.wiring import worker
from runtime.wiring.streams import Follower, Record

T = TypeVar("T")
# As long as an outage may last before its records are set aside, in seconds. Until then the stream
# hands them over again, which costs nothing and keeps their order.
PATIENCE_S: Final = 3600
QUEUE: Final = "aws:sqs"


class StreamHandler(Generic[T]):
    """Follows writes of a table: first by its stream, then by the queue of those set aside."""

    def __init__(self, build: Callable[[], Follower[T]]) -> None:
        self._build = build

    @cached_property
    def _follower(self) -> Follower[T]:
        return self._build()

    @cached_property
    def _queue(self) -> BatchHandler[T | None]:
        return BatchHandler(lambda _journal: self._follower.by_queue())

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Records in; `batchItemFailures` out, which is empty for a stream.

        Raises:
            Transient: the stream is to hand the same records over again.
        """
        if event["Records"][0].get("eventSource") == QUEUE:
            return self._queue(event, context)
        begin(context)
        records = [each["dynamodb"] for each in event["Records"]]
        aside = self._failed(records)
        self._follower.set_aside(aside)
        count(records=len(records), failed=len(aside))
        return {"batchItemFailures": []}

    def _failed(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records that must be set aside, after work on the others."""
        age_s = worker.now().timestamp() - _written_s(records[0])
        if age_s > PATIENCE_S:  # a batch that kills the function, too, comes here in the end
            logger.error("records.late", extra={"age_s": round(age_s), "count": len(records)})
            return records
        readable, unreadable = self._decoded(records)
        try:
            self._follower.work(readable)
        except Transient:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever it is, the records must be kept
            code = getattr(problem, "code", "internal")
            logger.error("records.failed", extra={"code": code}, exc_info=problem)
            return records
        return unreadable

    def _decoded(self, records: Sequence[Record]) -> tuple[list[T], list[Record]]:
        readable: list[T] = []
        unreadable: list[Record] = []
        for record in records:
            try:
                change = self._follower.decode(record)
            except BadInput as problem:
                line = {"code": problem.code, "reason": problem.message}
                logger.error("record.unreadable", extra=line)
                unreadable.append(record)
            else:
                readable += [] if change is None else [change]
        return readable, unreadable


def _written_s(record: Record) -> float:
    """When the write was, in epoch seconds; now for a record that does not say it."""
    return float(record.get("ApproximateCreationDateTime", worker.now().timestamp()))
