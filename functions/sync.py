"""Lambda `sync`: loads lake and warehouses, for all syncs on schedule, for one on request."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from functions._telemetry import begin, count, journal
from runtime.errors import PenstockError
from runtime.wiring import sync, worker

syncs = cache(sync.build)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Run one sync when the event names it (`tenant`, `sync_id`), else all that are enabled."""
    begin(context)
    if "sync_id" in event:
        loads = syncs().sync_one(event["tenant"], event["sync_id"])
        return _report(loads, failed=())
    results = syncs().sync_all(worker.now())
    failed = [result for result in results if isinstance(result, PenstockError)]
    return _report(results, failed=failed)


def _report(results: Sequence[object], *, failed: Sequence[PenstockError]) -> dict[str, int]:
    """Write the log and the metrics of an invocation; returns its answer."""
    for problem in failed:
        journal({"message": "sync.failed", "code": problem.code, "reason": problem.message})
    count(syncs=len(results), syncs_failed=len(failed))
    return {"loads": len(results) - len(failed), "failed": len(failed)}
