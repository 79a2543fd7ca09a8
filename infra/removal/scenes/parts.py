"""What several scenes do."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infra.demo.bad_input import queue_url
from infra.demo.feed import Envelope
from infra.demo.patience import Patience
from infra.demo.stage import Stage

HOUR_S: Final = 3600
SETUP_S: Final = 60  # for what must be there before a scene begins
LONG_AGO_MS: Final = 1


def webhook(stage: Stage, name: str, **settings: Any) -> str:
    """Make a webhook whose endpoint is the receiver's of that name; its id."""
    request = {"name": name, "url": stage.receiver.url(name), **settings}
    made = stage.api.post("/v1/webhooks", request)
    stage.receiver.endpoints[name].secret = made["secret"]
    return str(made["id"])


def function(stage: Stage, name: str, source: str, **settings: Any) -> None:
    """Publish a function."""
    stage.api.post("/v1/functions", {"name": name, **settings})
    release(stage, name, source)


def release(stage: Stage, name: str, source: str) -> None:
    """Publish one more version of a function."""
    path = f"/v1/functions/{name}"
    version = stage.api.post(f"{path}/versions", {"source": source})["version"]
    stage.api.post(f"{path}/publish", {"version": version})


def event(stage: Stage, event_id: str, topic: str, **more: Any) -> Envelope:
    """An event of the stage's tenant."""
    return {"id": event_id, "tenant": stage.tenant, "topic": topic, "properties": {}, **more}


def accepted(stage: Stage, name: str) -> int:
    """How many webhooks the receiver's endpoint of that name has accepted."""
    return len(stage.receiver.endpoints[name].accepted)


def hasten(stage: Stage, *tables: str) -> None:
    """Let all that the tenant has waiting in these tables be due: sweep and jobs look for that."""
    dynamodb = stage.client("dynamodb")
    for table in map(stage.table, tables):
        for item in _waiting(dynamodb, table, stage.tenant):
            dynamodb.update_item(
                TableName=table,
                Key={name: item[name] for name in ("pk", "sk") if name in item},
                UpdateExpression="SET due_at_ms = :long_ago",
                ExpressionAttributeValues={":long_ago": {"N": str(LONG_AGO_MS)}},
            )


def _waiting(dynamodb: Any, table: str, tenant: str) -> Iterator[Mapping[str, Any]]:
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, FilterExpression="attribute_exists(due_at_ms)"
    )
    yield from (
        item for page in pages for item in page["Items"] if tenant in json.dumps(item, default=str)
    )


def empty(stage: Stage, queue: str) -> None:
    """Take out what is in a queue."""
    stage.sqs.purge_queue(QueueUrl=queue_url(stage.sqs, queue))


def filled(stage: Stage, queue: str) -> int:
    """How many messages are in a queue for whoever comes."""
    answer = stage.sqs.get_queue_attributes(
        QueueUrl=queue_url(stage.sqs, queue), AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def has_loaded(stage: Stage, path: str) -> bool:
    """Whether a sync has loaded something; asks it to if it has not."""
    if any(load["state"] == "loaded" for load in stage.api.get(f"{path}/runs")["data"]):
        return True
    stage.api.post(f"{path}/run")
    return False


def find(stage: Stage, **name: str) -> Any:
    """The profile of that name; None if there is none."""
    profiles = stage.api.get("/v1/profiles", name)["data"]
    return profiles[0] if profiles else None


def wait(patience: Patience, problem: str, condition: Callable[[], bool]) -> Iterator[str]:
    """The problem, unless the condition comes true."""
    if not patience.until(condition):
        yield problem


def need(what: str, condition: Callable[[], bool]) -> None:
    """Wait for what must be there before a scene begins.

    Raises:
        ValueError: it does not come in time.
    """
    if not Patience(SETUP_S).until(condition):
        raise ValueError(f"before the scene: no {what}")
