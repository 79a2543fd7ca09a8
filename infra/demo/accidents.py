"""Causes accidents, and checks that failures end in dead-letter queues and that a load goes on."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.demo.bad_input import queue_url
from infra.demo.patience import Patience
from infra.demo.stage import Stage

UNREADABLE: Final = {
    "pk": {"S": "unreadable"},
    "due_shard": {"S": "d0-0"},  # one of the shards of deliveries
    "due_at_ms": {"N": "1"},
}
UNREADABLE_JOB: Final = {**UNREADABLE, "sk": {"S": "job_"}, "due_shard": {"S": "jobs"}}
GOES_ON_S: Final = 5
ENDED: Final = "ended"  # a function that is deleted and removed
LONG_AGO: Final = "2000-01-01T00:00:00.000Z"
LISTED: Final = 100
AGAIN: Final = ("backfill", "refresh")  # triggers of loads that move no sync on


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Kill functions and make them fail. Yields a sentence for each that did not end as it must."""
    stage.progress.step("accidents: functions are killed, sweep, jobs and sync fail")
    yield from unsent_notice(stage, patience)
    yield from ended_grace(stage, patience)
    yield from failing_sync(stage, patience)
    yield from failing_sweep(stage, patience)
    yield from failing_jobs(stage, patience)
    yield from _killed_load(stage, patience)


def unsent_notice(stage: Stage, patience: Patience) -> Iterator[str]:
    """A worker is killed after it has recorded that an endpoint is gone, and before the notice.

    Sweep must then disable the webhook. For this the webhook is enabled again first, and the record
    is written as the worker leaves it.
    """
    webhook = f"/v1/webhooks/{stage.setup.gone}"
    stage.api.post(f"{webhook}/enable")
    notice = {"kind": "disabled", "at_ms": int(time.time() * 1000), "reason": "gone"}
    stage.client("dynamodb").update_item(
        TableName=stage.table("DeliveriesTable"),
        Key={"pk": {"S": f"endpoint#{stage.tenant}#{stage.setup.gone}"}},
        UpdateExpression="SET notices = :notices, due_shard = :shard, due_at_ms = :long_ago",
        ExpressionAttributeValues={
            ":notices": {"S": json.dumps([notice])},
            ":shard": {"S": "endpoints"},
            ":long_ago": {"N": "1"},
        },
    )
    stage.invoke("SweepFunction", {})
    if not patience.until(lambda: not stage.api.get(webhook)["enabled"]):
        yield "sweep did not disable the webhook whose endpoint had ended"


def ended_grace(stage: Stage, patience: Patience) -> Iterator[str]:
    """The days of grace of a deleted function are over.

    Sweep must then remove it with its versions. For this its purge is dated back in the list.
    """
    function = f"/v1/functions/{ENDED}"
    stage.api.post("/v1/functions", {"name": ENDED})
    stage.api.post(f"{function}/versions", {"source": "def handler(event):\n    return None\n"})
    stage.api.delete(function)
    _date_back(stage)
    stage.invoke("SweepFunction", {})

    def is_removed() -> bool:
        names = [each["name"] for each in stage.api.each("/v1/functions", limit=LISTED)]
        return ENDED not in names

    if not patience.until(is_removed):
        yield "sweep did not remove the function whose days of grace were over"


def _date_back(stage: Stage) -> None:
    """Move the purge of the deleted function to a time that has passed."""
    dynamodb, table = stage.client("dynamodb"), stage.table("ConfigTable")
    purges = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :purges",
        ExpressionAttributeValues={":purges": {"S": "purges"}},
    )["Items"]
    ours = f"#{stage.tenant}#{ENDED}"
    purge = next(each for each in purges if each["sk"]["S"].endswith(ours))
    place = {name: purge[name] for name in ("pk", "sk")}
    sort = {"S": f"{LONG_AGO}#{stage.tenant}#{ENDED}"}
    dated_back = {**purge, "sk": sort, "at": {"S": LONG_AGO}}
    dynamodb.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": table, "Key": place}},
            {"Put": {"TableName": table, "Item": dated_back}},
        ]
    )


def failing_sync(stage: Stage, patience: Patience) -> Iterator[str]:
    """The function of syncs comes upon a message that it cannot read."""
    stage.sqs.send_message(QueueUrl=queue_url(stage.sqs, "SyncQueue"), MessageBody="unreadable")
    yield from _dead_letter_problems(stage, patience, "SyncDeadLetters")


def failing_sweep(stage: Stage, patience: Patience) -> Iterator[str]:
    """Sweep comes upon a due record that it cannot read."""
    dynamodb, table = stage.client("dynamodb"), stage.table("DeliveriesTable")
    dynamodb.put_item(TableName=table, Item=UNREADABLE)
    try:
        stage.invoke("SweepFunction", {})
        yield from _dead_letter_problems(stage, patience, "SweepDeadLetters")
    finally:
        dynamodb.delete_item(TableName=table, Key={"pk": UNREADABLE["pk"]})


def failing_jobs(stage: Stage, patience: Patience) -> Iterator[str]:
    """The function of jobs comes upon a due job that it cannot read."""
    dynamodb, table = stage.client("dynamodb"), stage.table("JobsTable")
    dynamodb.put_item(TableName=table, Item=UNREADABLE_JOB)
    try:
        stage.invoke("JobsFunction", {})
        yield from _dead_letter_problems(stage, patience, "JobsDeadLetters")
    finally:
        key = {name: UNREADABLE_JOB[name] for name in ("pk", "sk")}
        dynamodb.delete_item(TableName=table, Key=key)


def _killed_load(stage: Stage, patience: Patience) -> Iterator[str]:
    """A load is killed after it has done everything, and before it has recorded so.

    For this the record of the last load is put back to `planned`. The rows and the lake's files are
    there. When the load goes on, it must find them and write none twice. It may do so under another
    id: somebody was erased from its batches since.
    """
    killed: list[dict[str, Any]] = []

    def is_killed() -> bool:
        killed.extend(_rewind(stage))
        return bool(killed)

    if not patience.until(is_killed):
        yield "no load could be killed: none was there, or one was always under way"
        return

    def goes_on() -> bool:
        # The request is repeated, because one that comes during the schedule's load does nothing.
        stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
        return patience.until(lambda: "loaded" in _states(stage, killed[0]), at_most_s=GOES_ON_S)

    if not patience.until(goes_on):
        yield f"the killed load stands at {_states(stage, killed[0])}"
    if stage.warehouse.repeated_events():
        yield f"{stage.warehouse.repeated_events()} events were loaded twice after a kill"


def _rewind(stage: Stage) -> list[dict[str, Any]]:
    """Put the record of the last load and the cursor back, unless a sync is running.

    Returns:
        The load's record; empty if there was no load, or a sync was running.
    """
    dynamodb, table = stage.client("dynamodb"), stage.table("LedgerTable")
    partition = {"S": f"sync#{stage.tenant}#{stage.setup.sync}"}
    records = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :load)",
        ExpressionAttributeValues={":pk": partition, ":load": {"S": "loads#"}},
    )["Items"]
    loads = [(item["sk"], json.loads(item["record"]["S"])) for item in records]
    finished_loads = [
        each for each in loads if each[1]["state"] == "loaded" and each[1]["trigger"] not in AGAIN
    ]
    if not finished_loads:
        return []
    sort, finished = max(finished_loads, key=lambda each: int(each[1]["last_seq"]))
    load = {**finished, "state": "planned", "finished_at": None}
    record = {
        "TableName": table,
        "Key": {"pk": partition, "sk": sort},
        "UpdateExpression": "SET #record = :record",
        "ExpressionAttributeNames": {"#record": "record"},
        "ExpressionAttributeValues": {":record": {"S": json.dumps(load)}},
    }
    cursor = {
        "TableName": table,
        "Key": {"pk": partition, "sk": {"S": "cursor"}},
        "UpdateExpression": "SET open_load = :load, seq = :before",
        "ConditionExpression": "lease_until_ms = :nobody",
        "ExpressionAttributeValues": {
            ":load": sort,
            ":before": {"N": str(load["first_seq"] - 1)},
            ":nobody": {"N": "0"},
        },
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Update": record}, {"Update": cursor}])
    except dynamodb.exceptions.TransactionCanceledException:
        return []
    return [load]


def _states(stage: Stage, killed: Mapping[str, Any]) -> set[str]:
    """How the loads stand that the killed one became: those that were planned with it, or later."""
    loads = stage.api.get(f"/v1/syncs/{stage.setup.sync}/runs")["data"]
    ours = [load for load in loads if load["trigger"] not in AGAIN]
    return {load["state"] for load in ours if load["started_at"] >= killed["started_at"]}


def _dead_letter_problems(stage: Stage, patience: Patience, queue: str) -> Iterator[str]:
    url = queue_url(stage.sqs, queue)

    def has_messages() -> bool:
        answer = stage.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    if not patience.until(has_messages):
        yield f"{queue} is empty, must hold what failed"
