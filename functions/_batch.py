"""Hands a queue's records to one worker, and tells SQS which of them must come again."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from functions._telemetry import begin, count, journal, logger
from runtime.core.pacing.message_lease import Received
from runtime.core.pacing.noisy import GAVE_WAY, Waiting
from runtime.errors import BadInput, PenstockError, Permanent, Transient
from runtime.wiring import worker
from runtime.wiring.worker import Journal, Worker

T = TypeVar("T")
Records = Sequence[Mapping[str, Any]]


class BatchHandler(Generic[T]):
    """Decodes every record, works on those that decode, and says which must come again.

    The branch of its error decides over a record. Permanent: it is parked in the dead-letter queue
    at once, with the error's code. Any other: SQS hands it over again, and after as many tries as
    the queue allows moves it to the same dead-letter queue.
    """

    def __init__(self, build: Callable[[Journal], Worker[T]]) -> None:
        self._build = build
        if worker.in_lambda():
            _ = self._worker  # while Lambda starts, there is more CPU and no caller who waits

    @cached_property
    def _worker(self) -> Worker[T]:
        return self._build(journal)

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """SQS in, `batchItemFailures` out."""
        begin(context)
        records: Records = event["Records"]
        failed = self._leased(records)
        count(records=len(records), failed=len(failed))
        return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in failed]}

    def _leased(self, records: Records) -> Records:
        """The records that must come again, after work under the queue's lease if it has one."""
        lease = self._worker.lease
        if lease is None:
            return self._failed(records)
        with lease.held([_received(record) for record in records]):
            failed = self._failed(records)
        lease.put_back([_received(record) for record in failed])
        return failed

    def _failed(self, records: Records) -> Records:
        records = self._staying(records)
        return [
            record
            for record, problem in zip(records, self._results(records), strict=True)
            if problem is not None and not self._settled(record, problem)
        ]

    def _staying(self, records: Records) -> Records:
        """The records but those that give way, which come again; in doubt a record stays."""
        give_way = self._worker.give_way
        if give_way is None:
            return records
        try:
            gone = give_way([_waiting(record) for record in records])
        except PenstockError as trouble:
            logger.error("records.not_moved", extra={"code": trouble.code, "reason": str(trouble)})
            return records
        return [record for record, gave_way in zip(records, gone, strict=True) if not gave_way]

    def _results(self, records: Records) -> list[Exception | None]:
        results: list[Exception | None] = [None] * len(records)
        decoded: list[tuple[int, T]] = []
        for number, record in enumerate(records):
            try:
                decoded.append((number, self._worker.decode(record["body"])))
            except BadInput as problem:
                results[number] = problem
        for (number, _), result in zip(
            decoded, self._work([item for _, item in decoded]), strict=True
        ):
            results[number] = result
        return results

    def _work(self, items: Sequence[T]) -> Sequence[Exception | None]:
        try:
            return self._worker.work(items) if items else []
        except Exception as problem:  # noqa: BLE001 - records that did not decode must be parked whatever happens
            return [problem] * len(items)

    def _settled(self, record: Mapping[str, Any], problem: Exception) -> bool:
        """Whether the record need not come again."""
        line = {"message_id": record["messageId"], "code": getattr(problem, "code", "internal")}
        if not isinstance(problem, Permanent):
            trace = None if isinstance(problem, Transient) else problem
            logger.error("record.failed", extra={**line, "reason": str(problem)}, exc_info=trace)
            return False
        try:
            self._worker.park(record["body"], code=problem.code, reason=_reason(problem))
        except Transient as trouble:
            logger.error("record.not_parked", extra={**line, "reason": str(trouble)})
            return False
        logger.warning("record.parked", extra={**line, "reason": _reason(problem)})
        return True


def _received(record: Mapping[str, Any]) -> Received:
    tries = int(record["attributes"]["ApproximateReceiveCount"])
    return Received(receipt=record["receiptHandle"], tries=tries)


def _waiting(record: Mapping[str, Any]) -> Waiting:
    return Waiting(
        body=record["body"],
        sent_at_ms=int(record["attributes"]["SentTimestamp"]),
        tries=_received(record).tries,
        gave_way=GAVE_WAY in record["messageAttributes"],
    )


def _reason(problem: Permanent) -> str:
    field = getattr(problem, "field", "")
    return f"{field}: {problem.message}" if field else problem.message
