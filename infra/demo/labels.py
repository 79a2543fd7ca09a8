"""Sends a payload of 700 KB, which no record can hold: it fails once, succeeds, and is replayed."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.demo.feed import MARKED_CUSTOMER
from infra.demo.patience import Patience
from infra.demo.setup import publish
from infra.demo.stage import Stage

FUNCTION: Final = "parcel_label"
TOPIC: Final = "message.sms.sent"
UNUSED: Final = "message.push.received"
EVENT: Final = "corner-parcel"
PARCEL: Final = "P-1"
ROWS: Final = 8200
EVENTS: Final = 1
LABELS: Final = "labels"
COPIES: Final = "label-copies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The ids of the webhooks of this act."""

    original: str  # gets the labels, by a transform
    copies: str  # gets the replay of them


def make(stage: Stage) -> Labels:
    """Publish the function and make the webhooks."""
    publish(stage.api, FUNCTION)
    labels = Labels(
        original=_webhook(stage, LABELS, topics=[TOPIC], transform=FUNCTION),
        copies=_webhook(stage, COPIES, topics=[UNUSED]),
    )
    stage.receiver.endpoints[LABELS].starts_busy = True
    return labels


def send(stage: Stage) -> None:
    """Send the event of a parcel. If it is sent again, it must find its run and change nothing."""
    stage.doors.by_bus(
        [
            {
                "id": EVENT,
                "tenant": stage.tenant,
                "topic": TOPIC,
                "profile": {"external_id": MARKED_CUSTOMER},
                "properties": {"parcel": PARCEL},
            }
        ]
    )


def again(stage: Stage, labels: Labels, patience: Patience) -> Iterator[str]:
    """Send the event again, and ask for a replay of the label to another webhook."""
    if not patience.until(lambda: _accepted(stage, LABELS) == [label(PARCEL)]):
        yield "the webhook of labels was not told the label, to the byte, when it was tried again"
        return
    send(stage)
    request = {"statuses": ["delivered"], "to": labels.copies}
    stage.api.post(f"/v1/webhooks/{labels.original}/replay", request)


def problems(stage: Stage, labels: Labels, patience: Patience) -> Iterator[str]:
    """A sentence for everything in this act that did not end as it must."""
    if not patience.until(lambda: _accepted(stage, COPIES) == [label(PARCEL)]):
        yield "the replay of a large payload did not come, or not to the byte"
    [entry] = stage.api.get("/v1/deliveries", {"webhook": labels.original})["data"]
    delivery_path = f"/v1/deliveries/{entry['id']}"
    delivery = stage.api.get(delivery_path)
    if (delivery["status"], len(delivery["attempts"])) != ("delivered", 2):
        yield f"the label is {delivery['status']} after {len(delivery['attempts'])} attempts"
    if delivery["body"] is None or json.loads(delivery["body"]) != label(PARCEL):
        yield "the API does not show the large body of a delivery"
    runs = f"/v1/functions/{FUNCTION}/runs"
    [run] = stage.api.get(runs)["data"]
    if stage.api.get(f"{runs}/{run['id']}")["output"] != label(PARCEL):
        yield "the API does not show the large output of a run"
    stage.api.post(f"{delivery_path}/retry")
    if not patience.until(lambda: stage.receiver.endpoints[LABELS].duplicates == 1):
        yield "a large payload that was asked for again did not come"


def label(parcel: str) -> dict[str, Any]:
    """The payload that the function must make for a parcel."""
    rows = (hashlib.sha512(f"{parcel}:{row}".encode()).digest() for row in range(ROWS))
    return {"parcel": parcel, "label": base64.b64encode(b"".join(rows)).decode()}


def _accepted(stage: Stage, name: str) -> list[Any]:
    return [arrival.body for arrival in stage.receiver.endpoints[name].accepted]


def _webhook(stage: Stage, name: str, **settings: Any) -> str:
    url = stage.receiver.url(name)
    webhook = stage.api.post("/v1/webhooks", {"name": name, "url": url, **settings})
    stage.receiver.endpoints[name].secret = webhook["secret"]
    return str(webhook["id"])
