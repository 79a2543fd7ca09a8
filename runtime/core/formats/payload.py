"""The body of a webhook request in the `standard` format. Delivery records have it, too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core import json_text, timestamps
from runtime.core.deliveries.delivery import Delivery
from runtime.core.events.envelope import Event

_FIELDS: Final = frozenset({"type", "timestamp", "data"})
_DATA: Final = frozenset({"id", "profile", "properties", "origin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The parts of a body that has the standard shape."""

    timestamp: str  # ISO 8601; when the event happened
    data: Mapping[str, Any]  # `id`, `profile`, `properties` and `origin` of the event

    @property
    def profile(self) -> Mapping[str, Any]:
        """The identifiers of the person that the event is about."""
        profile: Mapping[str, Any] = self.data["profile"]
        return profile

    @property
    def properties(self) -> Any:
        """The event's properties."""
        return self.data["properties"]


def render(event: Event) -> str:
    """The exact text to sign and send for `event`; the same event always gives the same text."""
    return json_text.dump(
        {
            "type": event.topic,
            "timestamp": event.occurred_at,
            "data": {
                "id": event.id,
                "profile": event.profile.to_json(),
                "properties": dict(event.properties),
                "origin": event.origin,
            },
        }
    )


def read(delivery: Delivery) -> Standard | None:
    """The parts of the delivery's body; None if it has another shape, as a transform may make."""
    try:
        document = json.loads(delivery.body)  # needs no `json_text.load`: we wrote this text
    except ValueError:  # the empty body of a delivery whose function has failed
        return None
    if (
        not isinstance(document, Mapping)
        or document.keys() != _FIELDS
        or document["type"] != delivery.topic
    ):
        return None
    data, timestamp = document["data"], document["timestamp"]
    if not isinstance(data, Mapping) or data.keys() != _DATA:
        return None
    if not isinstance(data["profile"], Mapping) or not _is_moment(timestamp):
        return None
    return Standard(timestamp=timestamp, data=data)


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and timestamps.moment(text) is not None
    except ValueError:
        return False
