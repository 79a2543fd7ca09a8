"""Lambda `jobs`: works off what tenants have asked for, every minute, and one job on request.

Once a day it compacts the lake, and counts what tenants have used.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from functions._telemetry import begin, count
from runtime.wiring import compaction, jobs, usage

worker = cache(jobs.build)
compact = cache(compaction.build)
count_usage = cache(usage.build)


def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Work on one job when the event names it (`tenant`, `job_id`), else on all that are due.

    An event with `compact_before` (a day, YYYY-MM-DD, or null for today) is the daily call instead:
    it compacts the lake, and counts the usage of the days that have ended.

    Raises:
        Transient: a job could not go on; all other jobs went on.
    """
    begin(context)
    if "compact_before" in event:
        return _daily(event["compact_before"])
    if "job_id" in event:
        worked = worker().work_on(event["tenant"], event["job_id"])
    else:
        worked = worker().work_off()
    count(records_worked=worked)
    return {"worked": worked}


def _daily(before: str | None) -> dict[str, int]:
    compacted = asdict(compact()(before))
    count(**{f"lake_{name}": number for name, number in compacted.items()})
    days = count_usage()()
    count(usage_days_counted=days)
    return {**compacted, "usage_days": days}
