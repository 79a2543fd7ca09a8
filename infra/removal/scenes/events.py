"""Scenes of what becomes of an event: matched, run, delivered, on a profile, in the archive."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from infra.demo import failing, labels, merging
from infra.demo.bad_input import NOT_JSON, PARKED, UNREADABLE, queue_url
from infra.demo.corners import BULK
from infra.demo.patience import Patience
from infra.demo.receiver import GONE
from infra.demo.setup import FULFILMENT, PLAIN, TRIGGER, install, only_gone, publish
from infra.demo.stage import Stage
from infra.local.unread import unread
from infra.removal.scenes import parts
from infra.removal.trials import Scene
from runtime.core.pacing.noisy import LATE_AFTER_S, NOISY_FROM

ORDER: Final = "metric.placed_order"
BUYER: Final = "buyer"
PATIENT: Final = "patient"
BULKY: Final = "message.email.received"
READER: Final = "reader"
FLOODS: Final = "message.push.bounced"
AT_ONCE: Final = 10  # events in a call of PutEvents
FLOOD: Final = 4 * NOISY_FROM  # events: each of two copies sees more than it takes to be noisy


def _order(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    properties = {"order_id": "1", "quantity": 6, "value": 100.0, "currency": "USD"}
    order = parts.event(
        stage,
        "order-1",
        ORDER,
        occurred_at="1998-06-30T12:00:00.000Z",
        profile={"external_id": BUYER},
        properties=properties,
    )
    stage.doors.by_bus([order])
    yield from parts.wait(
        patience,
        "not both webhooks got the order",
        lambda: parts.accepted(stage, PLAIN) >= 1 <= parts.accepted(stage, FULFILMENT),
    )
    yield from parts.wait(
        patience, "the function did not count the order", lambda: _counted(stage) == 1
    )
    [run] = stage.api.get(f"/v1/functions/{TRIGGER}/runs")["data"]
    if run["outcome"] != "returned":
        yield f"the function's run ended as {run}"
    about = {"profile": run["profile_id"], "function": TRIGGER}
    if [each["id"] for each in stage.api.get("/v1/runs", about)["data"]] != [run["id"]]:
        yield "the run is not listed by the buyer's profile"
    if len(stage.api.get("/v1/deliveries", {"event": "order-1"})["data"]) != 2:  # noqa: PLR2004 - one a webhook
        yield "not both deliveries of the order are listed"


def _counted(stage: Stage) -> int:
    profile = parts.find(stage, external_id=BUYER)
    return profile["properties"].get("order_count", 0) if profile else 0


def _make_patient(stage: Stage) -> None:
    parts.webhook(stage, PATIENT, topics=["message.sms.sent"], retry_schedule_s=[1, 1])
    stage.receiver.endpoints[PATIENT].starts_busy = True


def _retry(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    stage.doors.by_bus([parts.event(stage, "retried-1", "message.sms.sent")])
    yield from parts.wait(
        patience, "a delivery that failed was not retried", lambda: _retried(stage)
    )


def _retried(stage: Stage) -> bool:
    return stage.receiver.endpoints[PATIENT].retried == 1


def gone(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """Send an event to the endpoint that answers 410; yields what did not come of it."""
    update = parts.event(stage, "gone-1", "profile.updated", profile={"external_id": BUYER})
    stage.doors.by_bus([update])
    path = f"/v1/webhooks/{stage.setup.gone}"
    yield from parts.wait(
        patience,
        "a webhook whose endpoint answered 410 was not disabled",
        lambda: not stage.api.get(path)["enabled"],
    )
    yield from parts.wait(
        patience,
        f"nobody was told that the webhook of {GONE} was disabled",
        lambda: bool(stage.api.get("/v1/events", {"topic": "webhook.disabled"})["data"]),
    )


def _make_reader(stage: Stage) -> None:
    source = 'def handler(event):\n    return {"size": len(event["properties"]["body"])}\n'
    parts.function(stage, READER, source, topics=[BULKY])
    labels.make(stage)
    stage.receiver.endpoints[labels.LABELS].starts_busy = False


def _bulky(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    stage.doors.by_bus([parts.event(stage, "bulky-1", BULKY, properties={"body": BULK})])
    labels.send(stage)
    yield from parts.wait(
        patience,
        "a payload of 700 KB did not reach its webhook",
        lambda: parts.accepted(stage, labels.LABELS) == 1,
    )
    yield from parts.wait(
        patience,
        "a function did not read an event of 70 KB",
        lambda: _sizes(stage) == [{"size": len(BULK)}],
    )
    event = stage.api.get("/v1/events/bulky-1")
    if event["properties"]["body"] != BULK:
        yield "a bulky event is shown otherwise than it was sent"


def _sizes(stage: Stage) -> list[Any]:
    runs = f"/v1/functions/{READER}/runs"
    return [stage.api.get(f"{runs}/{run['id']}")["output"] for run in stage.api.get(runs)["data"]]


def _empty_all(stage: Stage) -> None:
    for queue in PARKED:
        parts.empty(stage, f"{queue}DeadLetters")


def _unreadable(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    stage.doors.spoil()
    for queue in PARKED:
        stage.sqs.send_message(QueueUrl=queue_url(stage.sqs, queue), MessageBody=NOT_JSON)
    for table, key in UNREADABLE.items():
        item = {name: {"S": f"{text}{stage.tenant}"} for name, text in key.items()}
        stage.client("dynamodb").put_item(TableName=stage.table(table), Item=item)
    for queue, codes in PARKED.items():
        yield from parts.wait(
            patience,
            f"not all that cannot be read was parked behind {queue}",
            partial(_holds, stage, f"{queue}DeadLetters", codes.total()),
        )


def _holds(stage: Stage, queue: str, count: int) -> bool:
    return parts.filled(stage, queue) >= count


def _make_quota(stage: Stage) -> None:
    stage.api.put(f"/v1/tenants/{stage.tenant}/quotas", {"events_per_day": 1})
    parts.empty(stage, "MatchQueueDeadLetters")


def _quota(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """The second event of the day is parked, until it is moved back on another day."""
    both = [parts.event(stage, f"counted-{n}", "message.push.received") for n in range(2)]
    stage.doors.by_bus(both)
    yield from parts.wait(
        patience,
        "an event beyond the quota was not parked",
        partial(_holds, stage, "MatchQueueDeadLetters", 1),
    )


def _flood(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """They have waited, and each copy of a function takes more than a few of them."""
    with unread(stage.client("lambda"), "MatchQueue", "ProfileQueue"):
        for first in range(0, FLOOD, AT_ONCE):
            numbers = range(first, first + AT_ONCE)
            stage.doors.by_bus([parts.event(stage, f"flood-{n}", FLOODS) for n in numbers])
        late = time.monotonic() + LATE_AFTER_S
        patience.until(lambda: time.monotonic() > late)
    yield from parts.wait(
        patience, "not all events of a flood were matched", lambda: _kept(stage) == FLOOD
    )
    for function in ("fanout", "project_profile"):
        yield from parts.wait(
            patience,
            f"no event of a flood gave way before {function}",
            partial(_gave_way, stage, function),
        )


def _kept(stage: Stage) -> int:
    return len(list(stage.api.each("/v1/events", {"topic": FLOODS}, limit=2 * FLOOD)))


def _gave_way(stage: Stage, function: str) -> bool:
    group = f"/penstock/{stage.local.stack}/{function}"
    pages = stage.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    lines = (each["message"] for page in pages for each in page["events"])
    return any("events.gave_way" in line and stage.tenant in line for line in lines)


def _canary(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return failing.problems(stage, patience)


def _make_trigger(stage: Stage) -> None:
    publish(stage.api, TRIGGER)


def _merge(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return merging.problems(stage, patience)


SCENES: Final = (
    Scene(
        name="order",
        begin=install,
        says="an order reaches a webhook, and another through a transform with a secret; a function"
        " counts it on its buyer's profile",
        act=_order,
    ),
    Scene(
        name="retry",
        says="a delivery that fails is tried again",
        prepare=_make_patient,
        act=_retry,
    ),
    Scene(
        name="gone",
        begin=only_gone,
        says="a webhook whose endpoint answers 410 is disabled, and its tenant is told",
        act=gone,
    ),
    Scene(
        name="large",
        says="an event and a payload that no record can hold are run, sent and shown",
        prepare=_make_reader,
        act=_bulky,
    ),
    Scene(
        name="unreadable",
        says="what cannot be read is parked behind the queue or the stream that brought it",
        prepare=_empty_all,
        act=_unreadable,
    ),
    Scene(
        name="quota",
        says="an event beyond its tenant's quota of the day is parked",
        prepare=_make_quota,
        act=_quota,
    ),
    Scene(
        name="flood",
        says="what a tenant sends in a flood gives way to others, and is matched",
        act=_flood,
    ),
    Scene(
        name="canary",
        says="a canary that fails is ended, and its tenant is told by a function's notices",
        prepare=failing.make,
        act=_canary,
    ),
    Scene(
        name="merge",
        prepare=_make_trigger,
        says="two profiles that turn out to be one person are merged, and their tenant is told",
        act=_merge,
    ),
)
