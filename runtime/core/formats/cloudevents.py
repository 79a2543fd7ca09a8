"""CloudEvents 1.0 in structured mode: one JSON document with its attributes and data."""

from typing import Any, Final

from runtime.core.deliveries.delivery import Delivery
from runtime.core.formats import payload
from runtime.core.json_text import dump
from runtime.core.profiles import profile

TYPE: Final = "application/cloudevents+json; charset=utf-8"
ORIGIN: Final = "penstock"  # who we say we are when we ask whether a receiver wants our requests


def body(delivery: Delivery) -> str:
    """The document. Its `id` is the delivery's, the same on every attempt, so receivers can dedupe.

    `data` is the body of the record. There is no time for a body that a transform has made.
    """
    standard = payload.read(delivery)
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": delivery.id,
        "source": f"/penstock/{delivery.tenant}",
        "type": delivery.topic,
        "datacontenttype": "application/json",
        "eventid": delivery.event_id,
    }
    data = delivery.body or "null"
    if standard is not None:
        attributes["time"] = standard.timestamp
        subject = profile.id_by(delivery.tenant, standard.profile)
        if subject is not None:
            attributes["subject"] = subject
        data = dump(standard.data)
    return f'{dump(attributes)[:-1]},"data":{data}}}'
