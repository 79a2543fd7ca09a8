"""Lambda `jobs`: works off what tenants have asked for, every minute, and one job on request."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from functions._telemetry import begin, count
from runtime.wiring import jobs

worker = cache(jobs.build)


def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Work on one job when the event names it (`tenant`, `job_id`), else on all that are due.

    Raises:
        Transient: a job could not go on; all other jobs went on.
    """
    begin(context)
    if "job_id" in event:
        worked = worker().work_on(event["tenant"], event["job_id"])
    else:
        worked = worker().work_off()
    count(records_worked=worked)
    return {"worked": worked}
