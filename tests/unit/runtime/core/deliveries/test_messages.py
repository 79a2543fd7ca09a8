"""What fits a queue message."""

from dataclasses import replace

import pytest

from runtime.core.deliveries.messages import MAX_BODY_BYTES
from runtime.core.events import envelope
from runtime.core.events.envelope import MAX_EVENT_BYTES
from runtime.core.formats import payload
from runtime.core.json_text import dump
from runtime.stores.queues import MAX_BATCH_BYTES, Outgoing, batches
from tests.builders import NOW, a_deliver_message, an_envelope

CHARS = {"plain": "x", "quotes": '"', "backslashes": "\\", "controls": "\x01", "wide": "\uffff"}


@pytest.mark.parametrize("char", CHARS.values(), ids=CHARS)
def test_the_body_of_the_largest_event_travels_with_its_message(char: str) -> None:
    """Fan-out and `deliver` may then leave large bodies to who makes them, and write no objects."""
    around = len(dump(envelope.parse(an_envelope(properties={"x": ""}), now=NOW).to_json()))
    count = (MAX_EVENT_BYTES - around) // (len(dump(char).encode()) - 2)
    event = envelope.parse(an_envelope(properties={"x": char * count}), now=NOW)

    body = payload.render(event)

    assert len(body.encode()) <= MAX_BODY_BYTES
    message = replace(a_deliver_message(), body=body, slow=True)
    [[sent]] = batches([Outgoing(body=dump(message.to_json()), group=message.group)])
    written = sent.body.replace("\uffff", "\\uffff")  # as SQS wants it
    assert len(written.encode()) <= MAX_BATCH_BYTES
