"""The body of a webhook request in the `standard` format, which every record has."""

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
    """A body in the standard shape, taken apart."""

    timestamp: str
    data: Mapping[str, Any]

    @property
    def profile(self) -> Mapping[str, Any]:
        """Whom the event is about."""
        profile: Mapping[str, Any] = self.data["profile"]
        return profile

    @property
    def properties(self) -> Any:
        """What the event says."""
        return self.data["properties"]


def render(event: Event) -> str:
    """The exact text that is signed and sent for `event`; the same event gives the same text."""
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
    """The delivery's body taken apart; None for a body of another shape, made by a transform."""
    try:
        document = json.loads(delivery.body)  # not by `json_text.load`: we have written this text
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
