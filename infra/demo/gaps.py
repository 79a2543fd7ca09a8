"""Loses a raw batch before a sync has loaded it: the sync stops, says so, and is let go on.

It comes last, because no other sync can go back behind what is lost.
"""

from collections.abc import Iterator
from typing import Any, Final

from cli._errors import CommandFailed
from infra.demo.patience import Patience
from infra.demo.stage import Stage

SYNC: Final = "late"
LISTED: Final = 100


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Make a sync that misses a batch, and skip the gap; yields what did not happen."""
    stage.progress.step("a raw batch is lost, and a sync is let go on behind the gap")
    _lose_a_batch(stage)
    path = f"/v1/syncs/{stage.api.post('/v1/syncs', {'name': SYNC, 'kind': 's3'})['id']}"
    if not patience.until(lambda: _gap(stage, path) is not None):
        yield f"a sync that misses a raw batch shows no gap: {stage.api.get(path)}"
        return
    if not patience.until(lambda: _is_skipped(stage, path)):
        yield f"a gap cannot be skipped: {stage.api.get(path)}"
    if not patience.until(lambda: _is_well(stage, path)):
        yield f"a sync does not go on behind a gap that was skipped: {stage.api.get(path)}"
    told = {
        event["topic"]
        for topic in ("sync.gap", "sync.failing", "sync.recovered")
        for event in stage.api.get("/v1/events", {"topic": topic})["data"]
    }
    if len(told) < 3:  # noqa: PLR2004 - one of each
        yield f"of a sync with a gap only {sorted(told)} was told"
    states = {each["id"]: each["behind_s"] for each in stage.api.each("/v1/syncs", limit=LISTED)}
    if states.get(stage.setup.sync) is None:
        yield f"the list of syncs does not say how far each has come: {states}"


def _lose_a_batch(stage: Stage) -> None:
    """Delete the object of the first batch with rows of the tenant."""
    pages = (
        stage.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=stage.table("LedgerTable"),
            KeyConditionExpression="pk = :raw",
            FilterExpression="contains(counts, :tenant)",
            ExpressionAttributeValues={":raw": {"S": "raw"}, ":tenant": {"S": f'"{stage.tenant}"'}},
        )
    )
    first = next(item for page in pages for item in page["Items"])
    storage = stage.client("s3")
    for bucket in storage.list_buckets()["Buckets"]:
        storage.delete_object(Bucket=bucket["Name"], Key=first["key"]["S"])


def _gap(stage: Stage, path: str) -> Any:
    stage.api.post(f"{path}/run")
    health = stage.api.get(path)["health"]
    return None if health is None else health["gap"]


def _is_skipped(stage: Stage, path: str) -> bool:
    gap = _gap(stage, path)
    if gap is None:
        return bool(stage.api.get(path)["skipped"])
    try:
        stage.api.post(f"{path}/skip-gap", {"first_seq": gap["first_seq"]})
    except CommandFailed as refusal:
        if refusal.code != "sync_busy":  # the schedule's run, or the one that was asked for
            raise
        return False
    return True


def _is_well(stage: Stage, path: str) -> bool:
    stage.api.post(f"{path}/run")
    sync = stage.api.get(path)
    return sync["health"] is None and sync["loaded_until"] is not None
