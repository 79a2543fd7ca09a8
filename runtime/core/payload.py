"""The body of a webhook request in the `standard` format."""

from runtime.core import envelope
from runtime.core.envelope import Event


def render(event: Event) -> str:
    """The exact text that is signed and sent for `event`; rendering again gives the same."""
    return envelope.dump(
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
