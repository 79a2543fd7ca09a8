"""A payload of 700 KB, too large for any record: made, failed once, tried again, sent once more."""

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
TOLD: Final = "message.sms.sent"
UNUSED: Final = "message.push.received"
EVENT: Final = "corner-parcel"
PARCEL: Final = "P-1"
ROWS: Final = 8200
EVENTS: Final = 1
LABELS: Final = "labels"
COPIES: Final = "label-copies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The webhook that is told of labels, and one that is told of them once more."""

    told: str
    copies: str


def make(stage: Stage) -> Labels:
    """Publish the function and make the webhooks."""
    publish(stage.api, FUNCTION)
    made = Labels(
        told=_webhook(stage, LABELS, topics=[TOLD], transform=FUNCTION),
        copies=_webhook(stage, COPIES, topics=[UNUSED]),
    )
    stage.receiver.endpoints[LABELS].starts_busy = True
    return made


def send(stage: Stage) -> None:
    """Tell a customer of a parcel. The same event again must find its run, and change nothing."""
    stage.doors.by_bus(
        [
            {
                "id": EVENT,
                "tenant": stage.tenant,
                "topic": TOLD,
                "profile": {"external_id": MARKED_CUSTOMER},
                "properties": {"parcel": PARCEL},
            }
        ]
    )


def again(stage: Stage, labels: Labels, patience: Patience) -> Iterator[str]:
    """Send the event again, and ask for the label to be told to another webhook."""
    if not patience.until(lambda: _accepted(stage, LABELS) == [label(PARCEL)]):
        yield "the webhook of labels was not told the label, to the byte, when it was tried again"
        return
    send(stage)
    wanted = {"statuses": ["delivered"], "to": labels.copies}
    stage.api.post(f"/v1/webhooks/{labels.told}/replay", wanted)


def problems(stage: Stage, labels: Labels, patience: Patience) -> Iterator[str]:
    """What did not come to its proper end."""
    if not patience.until(lambda: _accepted(stage, COPIES) == [label(PARCEL)]):
        yield "the replay of a large payload did not come, or not to the byte"
    [found] = stage.api.get("/v1/deliveries", {"webhook": labels.told})["data"]
    delivery = f"/v1/deliveries/{found['id']}"
    shown = stage.api.get(delivery)
    if (shown["status"], len(shown["attempts"])) != ("delivered", 2):
        yield f"the label is {shown['status']} after {len(shown['attempts'])} attempts"
    if shown["body"] is None or json.loads(shown["body"]) != label(PARCEL):
        yield "the API does not show the large body of a delivery"
    runs = f"/v1/functions/{FUNCTION}/runs"
    [listed] = stage.api.get(runs)["data"]
    if stage.api.get(f"{runs}/{listed['id']}")["output"] != label(PARCEL):
        yield "the API does not show the large output of a run"
    stage.api.post(f"{delivery}/retry")
    if not patience.until(lambda: stage.receiver.endpoints[LABELS].duplicates == 1):
        yield "a large payload that was asked for again did not come"


def label(parcel: str) -> dict[str, Any]:
    """What the function must make of a parcel."""
    rows = (hashlib.sha512(f"{parcel}:{row}".encode()).digest() for row in range(ROWS))
    return {"parcel": parcel, "label": base64.b64encode(b"".join(rows)).decode()}


def _accepted(stage: Stage, name: str) -> list[Any]:
    return [heard.body for heard in stage.receiver.endpoints[name].accepted]


def _webhook(stage: Stage, name: str, **settings: Any) -> str:
    url = stage.receiver.url(name)
    made = stage.api.post("/v1/webhooks", {"name": name, "url": url, **settings})
    stage.receiver.endpoints[name].secret = made["secret"]
    return str(made["id"])
