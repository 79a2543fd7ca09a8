"""CloudEvents 1.0 in structured mode: one JSON document with the attributes and the data.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from typing import Any, Final

from runtime.core.deliveries.delivery import Delivery
from runtime.core.formats import payload
from runtime.core.json_text import dump
from runtime.core.profiles import profile

TYPE: Final = "application/cloudevents+json; charset=utf-8"
ORIGIN: Final = (
    "penstock"  # the name under which the handshake asks a receiver whether it wants our requests
)


def body(delivery: Delivery) -> str:
    """The document as JSON. Its `id` is the delivery's on every attempt, so receivers can dedupe.

    `data` is the body in the delivery's record, or only its `data` if the body has the standard
    shape. A body that a transform made has no known time, so its document has no `time`.
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
