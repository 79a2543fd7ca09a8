"""Accidents on purpose: what fails for good is kept where a person finds it, and a load goes on."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from infra.demo.bad_input import queue_url
from infra.demo.patience import Patience
from infra.demo.stage import Stage

UNREADABLE: Final = {
    "pk": {"S": "unreadable"},
    "due_shard": {"S": "d0-0"},  # one of those that deliveries wait in
    "due_at_ms": {"N": "1"},
}
CARRIED_ON_S: Final = 5


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Let functions be killed and fail; what did not end well."""
    stage.progress.step("accidents: functions are killed, sweep and sync fail")
    yield from _unsent_notice(stage, patience)
    yield from _failing_sync(stage, patience)
    yield from _failing_sweep(stage, patience)
    yield from _killed_load(stage, patience)


def _unsent_notice(stage: Stage, patience: Patience) -> Iterator[str]:
    """An endpoint's end is on record, and who wrote it was killed before the webhook was disabled.

    The webhook that is gone is switched on for it.
    """
    webhook = f"/v1/webhooks/{stage.installed.gone}"
    stage.api.post(f"{webhook}/enable")
    notice = {"kind": "disabled", "at_ms": int(time.time() * 1000), "reason": "gone"}
    stage.client("dynamodb").update_item(
        TableName=_table(stage, "DeliveriesTable"),
        Key={"pk": {"S": f"endpoint#{stage.tenant}#{stage.installed.gone}"}},
        UpdateExpression="SET notices = :notices, due_shard = :shard, due_at_ms = :long_ago",
        ExpressionAttributeValues={
            ":notices": {"S": json.dumps([notice])},
            ":shard": {"S": "endpoints"},
            ":long_ago": {"N": "1"},
        },
    )
    _call(stage, "SweepFunction", {})
    if not patience.until(lambda: not stage.api.get(webhook)["enabled"]):
        yield "sweep did not disable the webhook whose endpoint had ended"


def _failing_sync(stage: Stage, patience: Patience) -> Iterator[str]:
    """Somebody asks for a sync that was deleted meanwhile."""
    asked = {"tenant": stage.tenant, "sync_id": "syn_deleted"}
    _call(stage, "SyncFunction", asked)
    yield from _kept(stage, patience, "SyncDeadLetters")


def _failing_sweep(stage: Stage, patience: Patience) -> Iterator[str]:
    """A record that nobody can read is due."""
    dynamodb, table = stage.client("dynamodb"), _table(stage, "DeliveriesTable")
    dynamodb.put_item(TableName=table, Item=UNREADABLE)
    try:
        _call(stage, "SweepFunction", {})
        yield from _kept(stage, patience, "SweepDeadLetters")
    finally:
        dynamodb.delete_item(TableName=table, Key={"pk": UNREADABLE["pk"]})


def _killed_load(stage: Stage, patience: Patience) -> Iterator[str]:
    """Put the last load's record back to where it had only been planned, as a kill leaves it.

    All that came after is there: the staged files, the rows, the lake's files. Carried on, the load
    must find each of them and repeat none.
    """
    killed: list[str] = []

    def is_killed() -> bool:
        killed.extend(_rewind(stage))
        return bool(killed)

    if not patience.until(is_killed):
        yield "no load could be killed: none was there, or one was always under way"
        return

    def carried_on() -> bool:
        # Again and again: a request that meets the schedule's own load does nothing.
        stage.api.post(f"/v1/syncs/{stage.installed.sync}/run")
        return patience.until(lambda: _states(stage)[killed[0]] == "loaded", at_most_s=CARRIED_ON_S)

    if not patience.until(carried_on):
        yield f"the killed load stands at {_states(stage)[killed[0]]}"
    if stage.warehouse.repeated_events():
        yield f"{stage.warehouse.repeated_events()} events were loaded twice after a kill"


def _rewind(stage: Stage) -> list[str]:
    """Put both records of the last load back, unless a sync is at work; the load's id if done."""
    dynamodb, table = stage.client("dynamodb"), _table(stage, "LedgerTable")
    partition = {"S": f"sync#{stage.tenant}#{stage.installed.sync}"}
    records = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :load)",
        ExpressionAttributeValues={":pk": partition, ":load": {"S": "load#"}},
    )["Items"]
    loads = [json.loads(item["record"]["S"]) for item in records]
    done = sorted((one for one in loads if one["state"] == "loaded"), key=_last_batch)
    if not done:
        return []
    killed = {**done[-1], "state": "planned", "finished_at": None}
    record = {
        "TableName": table,
        "Key": {"pk": partition, "sk": {"S": f"load#{killed['load_id']}"}},
        "UpdateExpression": "SET #record = :record",
        "ExpressionAttributeNames": {"#record": "record"},
        "ExpressionAttributeValues": {":record": {"S": json.dumps(killed)}},
    }
    cursor = {
        "TableName": table,
        "Key": {"pk": partition, "sk": {"S": "cursor"}},
        "UpdateExpression": "SET load_id = :load, seq = :before",
        "ConditionExpression": "lease_until_ms = :nobody",
        "ExpressionAttributeValues": {
            ":load": {"S": killed["load_id"]},
            ":before": {"N": str(killed["first_seq"] - 1)},
            ":nobody": {"N": "0"},
        },
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Update": record}, {"Update": cursor}])
    except dynamodb.exceptions.TransactionCanceledException:
        return []
    return [killed["load_id"]]


def _last_batch(load: dict[str, Any]) -> int:
    return int(load["last_seq"])


def _states(stage: Stage) -> dict[str, str]:
    loads = stage.api.get(f"/v1/syncs/{stage.installed.sync}/runs")["data"]
    return {load["load_id"]: load["state"] for load in loads}


def _kept(stage: Stage, patience: Patience, queue: str) -> Iterator[str]:
    url = queue_url(stage.sqs, queue)

    def filled() -> bool:
        asked = stage.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessages"]) > 0

    if not patience.until(filled):
        yield f"{queue} is empty, must hold what failed"


def _call(stage: Stage, function: str, event: dict[str, Any]) -> None:
    functions = stage.client("lambda")
    pages = functions.get_paginator("list_functions").paginate()
    names = [each["FunctionName"] for page in pages for each in page["Functions"]]
    name = next(name for name in names if f"-{function}-" in name)
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))


def _table(stage: Stage, name: str) -> str:
    pages = stage.client("dynamodb").get_paginator("list_tables").paginate()
    names = [table for page in pages for table in page["TableNames"]]
    return str(next(table for table in names if f"-{name}-" in table))
