"""A queue's records through one worker: partial batch responses, and poison parked at once."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from functions._telemetry import begin, count, journal, logger
from runtime.errors import BadInput, Permanent, Transient
from runtime.wiring import worker
from runtime.wiring.worker import Journal, Worker

T = TypeVar("T")
Records = Sequence[Mapping[str, Any]]


class BatchHandler(Generic[T]):
    """Decodes every record, works on those that decode, and says which must come again.

    What SQS does follows from the error's branch: Permanent is parked with its code, anything else
    comes again; after the queue's own number of tries it ends in the same dead-letter queue.
    """

    def __init__(self, build: Callable[[Journal], Worker[T]]) -> None:
        self._build = build
        if worker.in_lambda():
            _ = self._worker  # Lambda's start has more CPU and no caller who waits

    @cached_property
    def _worker(self) -> Worker[T]:
        return self._build(journal)

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """SQS in, `batchItemFailures` out."""
        begin(context)
        records: Records = event["Records"]
        failed = [
            record["messageId"]
            for record, problem in zip(records, self._results(records), strict=True)
            if problem is not None and not self._settled(record, problem)
        ]
        count(records=len(records), failed=len(failed))
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _results(self, records: Records) -> list[Exception | None]:
        results: list[Exception | None] = [None] * len(records)
        good: list[tuple[int, T]] = []
        for number, record in enumerate(records):
            try:
                good.append((number, self._worker.decode(record["body"])))
            except BadInput as problem:
                results[number] = problem
        for (number, _), result in zip(good, self._work([item for _, item in good]), strict=True):
            results[number] = result
        return results

    def _work(self, items: Sequence[T]) -> Sequence[Exception | None]:
        try:
            return self._worker.work(items) if items else []
        except Exception as problem:  # noqa: BLE001 - what is parked below must be, whatever happened here
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


def _reason(problem: Permanent) -> str:
    field = getattr(problem, "field", "")
    return f"{field}: {problem.message}" if field else problem.message
