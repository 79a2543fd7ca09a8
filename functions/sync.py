"""Lambda `sync`: asks every few minutes for the syncs that are due, and runs those asked for."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from functions._batch import BatchHandler
from functions._telemetry import begin, count
from runtime.wiring import sync, worker

run: Final = BatchHandler(sync.build)
plan = cache(sync.planner)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Run the syncs of a batch of the sync queue; on any other event, plan.

    Raises:
        Transient: not every sync that is due was asked for; the next planner does it.
    """
    if "Records" in event:
        return run(event, context)
    begin(context)
    planned = plan()(worker.now())
    count(syncs_planned=planned)
    return {"planned": planned}
