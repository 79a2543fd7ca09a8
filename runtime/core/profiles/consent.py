"""Consent: whether a person wants messages by a channel, as events say."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from runtime.core.events.envelope import Event

# What events say of consent: topic, status, and the channel if the topic says it.
_CONSENTS: Final[Mapping[str, tuple[str, str | None]]] = {
    "profile.subscribed": ("subscribed", None),
    "profile.unsubscribed": ("unsubscribed", None),
    "message.email.unsubscribed": ("unsubscribed", "email"),
    "message.sms.unsubscribed": ("unsubscribed", "sms"),
}
CHANNELS: Final = ("email", "sms", "push")


def said(event: Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The channels that an event sets the consent of, each with the consent as profiles keep it."""
    status, channel = _CONSENTS.get(event.topic, (None, None))
    channel = channel or event.properties.get("channel", CHANNELS[0])
    if status is None or channel not in CHANNELS:
        return
    source = event.properties.get("source")
    yield (
        channel,
        {
            "status": status,
            "source": source if isinstance(source, str) else event.topic,
            "at": event.occurred_at,
        },
    )
