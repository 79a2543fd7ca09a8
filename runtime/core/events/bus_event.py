"""Reads what an EventBridge rule puts on a queue: the bus's own wrapping around an envelope."""

from collections.abc import Mapping

from runtime.core import json_text, timestamps
from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.errors import BadInput


def parse(text: str, *, now: str) -> Event:
    """The event inside.

    A producer that puts events onto the bus itself may leave the times out. The time of the bus
    then
    stands in, so that a redelivery or a replay gives the same event.

    Raises:
        BadInput: not from the bus, or no envelope; naming the field and the fix.
    """
    raw = json_text.decode(text)  # `envelope.parse` looks into what counts, once
    if not isinstance(raw, Mapping) or "detail" not in raw:
        raise BadInput("not an EventBridge event", code="not_from_the_bus")
    return envelope.parse(raw["detail"], now=_bus_time(raw.get("time"), now))


def _bus_time(value: object, now: str) -> str:
    try:
        return timestamps.timestamp(timestamps.moment(str(value)))
    except ValueError:
        return now
