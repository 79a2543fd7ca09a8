"""Reads what an EventBridge rule puts on a queue: an envelope in the bus's own wrapping."""

from collections.abc import Mapping

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
    raw = json_text.decode(text)  # `envelope.parse` checks the part that is used
    if not isinstance(raw, Mapping) or "detail" not in raw:
        raise BadInput("not an EventBridge event", code="not_from_the_bus")
    return envelope.parse(raw["detail"], now=_bus_time(raw.get("time"), now))


def _bus_time(value: object, now: str) -> str:
    try:
        return timestamps.timestamp(timestamps.moment(str(value)))
    except ValueError:
        return now
