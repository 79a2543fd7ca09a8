"""Entries of the audit log: their ids, and the events that tell of them."""

from runtime.core.audit import entry as entries
from runtime.core.audit.documents import MAX_FIELD_BYTES
from runtime.core.events.envelope import MAX_EVENT_BYTES, parse
from runtime.core.json_text import dump
from tests.audit import an_entry
from tests.builders import NOW


def test_an_event_is_one_that_our_own_reader_takes_and_always_the_same() -> None:
    """It comes back from the bus, and a sweep may put it a second time."""
    done = entries.done(
        an_entry(), resource_id="whk_1", before={"name": "a"}, after={"name": "b"}, now=NOW
    )

    event = entries.event(done)

    assert event == entries.event(done) == parse(event.to_json(), now=NOW)
    assert ("audit.webhook.updated", "system") == (event.topic, event.origin)
    assert ["name"] == event.properties["changed"]
    assert ({"name": "a"}, {"name": "b"}) == (
        event.properties["before"],
        event.properties["after"],
    )


def test_an_event_that_would_be_too_large_leaves_out_before_and_after() -> None:
    """Nothing of the audit log may be refused by the bus; the entry itself has both."""
    large = {f"field {number}": "x" * (MAX_FIELD_BYTES - 2) for number in range(20)}
    done = entries.done(an_entry(), resource_id="whk_1", before=large, after=large, now=NOW)

    event = entries.event(done)

    assert len(dump(event.to_json()).encode()) <= MAX_EVENT_BYTES
    assert (None, None, True) == tuple(
        event.properties[name] for name in ("before", "after", "left_out")
    )


def test_a_refused_change_keeps_what_was_there_and_why_it_was_refused() -> None:
    """Nothing has changed, so there is no other state to show."""
    refused = entries.refused(an_entry(), code="precondition_failed", now=NOW)

    assert ("precondition_failed", {"name": "orders"}, None, ()) == (
        refused.code,
        refused.before,
        refused.after,
        refused.changed,
    )
