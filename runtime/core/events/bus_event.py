"""Reads what an EventBridge rule puts on a queue: an envelope in the bus's own wrapping."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.core import json_text, timestamps
from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.errors import BadInput


def parse(text: str, *, now: str) -> Event:
    """Read the event in a message from the bus.

    A producer that puts events onto the bus itself may leave out the times. The bus's time then
    stands in for them, so that a redelivery or a replay gives the same event.

    Args:
        text: the message's JSON.
        now: ISO 8601 UTC; stands in for the times if the bus's time is missing, too.

    Raises:
        BadInput: the text is not from the bus, or its envelope is malformed; the error names the
            field and the fix.
    """
    return parse_arrived(text, now=now).event


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An event, and when the bus got it."""

    event: Event
    # When the bus got it (ISO 8601, UTC); None for one of its archive's, which had come before.
    accepted_at: str | None


def parse_arrived(text: str, *, now: str) -> Arrived:
    """As `parse`, with the time from which on we are measured.

    It is the bus's own: the envelope of a producer may have any.
    """
    raw = json_text.decode(text)  # `envelope.parse` checks the part that is used
    if not isinstance(raw, Mapping) or "detail" not in raw:
        raise BadInput("not an EventBridge event", code="not_from_the_bus")
    bus_time = _bus_time(raw.get("time"), now)
    accepted_at = None if "replay-name" in raw else bus_time
    return Arrived(event=envelope.parse(raw["detail"], now=bus_time), accepted_at=accepted_at)


def tenant_of(text: str) -> str | None:
    """Whose the event in a message from the bus is; None if that cannot be read."""
    try:
        raw = json_text.decode(text)
        detail = raw.get("detail") if isinstance(raw, Mapping) else None
        return envelope.check_tenant(detail.get("tenant")) if isinstance(detail, Mapping) else None
    except BadInput:
        return None


def _bus_time(value: object, now: str) -> str:
    try:
        return timestamps.timestamp(timestamps.moment(str(value)))
    except ValueError:
        return now
