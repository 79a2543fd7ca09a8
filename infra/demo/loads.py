"""Checks both ways to start a load: by the schedule, and by a request to the API."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra.demo.feed import MARKED_CUSTOMER, Envelope
from infra.demo.patience import Patience
from infra.demo.stage import Stage

LATE_EVENTS: Final = 4  # the schedule may load an event before the request does, but not four times
REQUESTS: Final = 6  # for each event: the raw log gathers for two seconds before it closes a batch
LOADED_S: Final = 4
HOUR_MS: Final = 3_600_000  # that the sync is planned for


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLoads:
    """What this act has done."""

    events: int  # how many it has sent, so that there was something to load
    problems: tuple[str, ...]  # what went wrong, in sentences


def by_schedule_and_by_request(stage: Stage, patience: Patience) -> LateLoads:
    """Wait for a load by the schedule. Then send events, one by one, until a request loads one."""
    stage.progress.step("waiting for the schedule to load the warehouse")
    _miss_a_slot(stage)
    if not patience.until(lambda: "schedule" in _loaded_by(stage)):
        return LateLoads(events=0, problems=("the schedule never loaded the warehouse",))
    stage.progress.step("asking for a load by the API")
    for number in range(1, LATE_EVENTS + 1):
        _load_on_request(stage, _late(number, tenant=stage.tenant), patience)
        if "api" in _loaded_by(stage):
            return LateLoads(events=number, problems=())
    return LateLoads(events=LATE_EVENTS, problems=("no load that was asked for brought any row",))


def again(stage: Stage, patience: Patience) -> Iterator[str]:
    """Load once more what the warehouse has, of raw batches and of the lake.

    Yields a sentence for each that is not done.
    """
    stage.progress.step("loading once more what the warehouse has")
    stage.api.post(f"/v1/syncs/{stage.setup.sync}/backfill", {})
    if not patience.until(lambda: "backfill" in _loaded_by(stage)):
        yield "the backfill of the warehouse loaded nothing"
    stage.api.post(f"/v1/syncs/{stage.setup.sync}/refresh", {"table": "profiles"})
    if not patience.until(lambda: "refresh" in _loaded_by(stage)):
        yield "the refresh of a table from the lake loaded nothing"


def _miss_a_slot(stage: Stage) -> None:
    """No planner has come for an hour: the next one makes up for the slot that was missed."""
    stage.client("dynamodb").put_item(
        TableName=stage.table("LedgerTable"),
        Item={
            "pk": {"S": "plan"},
            "sk": {"S": "plan"},
            "until_ms": {"N": str(int(time.time() * 1000) - HOUR_MS)},
        },
    )


def _load_on_request(stage: Stage, event: Envelope, patience: Patience) -> None:
    stage.doors.by_bus([event])
    for _ in range(REQUESTS):
        stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
        if patience.until(lambda: stage.warehouse.has_event(event["id"]), at_most_s=LOADED_S):
            return


def _loaded_by(stage: Stage) -> set[str]:
    loads = stage.api.get(f"/v1/syncs/{stage.setup.sync}/runs")["data"]
    return {load["trigger"] for load in loads if load["state"] == "loaded"}


def _late(number: int, *, tenant: str) -> Envelope:
    return {
        "id": f"late-{number}",
        "tenant": tenant,
        "topic": "list.member_added",
        "profile": {"external_id": MARKED_CUSTOMER},
        "properties": {"list": "late-comers"},
    }
