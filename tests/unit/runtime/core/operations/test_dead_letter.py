"""What is told of a dead letter."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.operations import dead_letter
from runtime.core.operations.dead_letter import DeadLetter

SENT_AT = "2026-11-20T13:04:05.000Z"


def read(body: str, **attributes: str) -> DeadLetter:
    """A letter with this body."""
    return dead_letter.read(message_id="m", body=body, attributes=attributes, sent_at=SENT_AT)


@pytest.mark.parametrize(
    ("attributes", "document", "code"),
    [
        ({"code": "bad_topic", "reason": "topic: is none"}, {}, "bad_topic"),
        ({"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "denied"}, {}, "NO_PERMISSIONS"),
        ({}, {"requestContext": {"condition": "EventAgeExceeded"}}, "EventAgeExceeded"),
        ({}, {"v": 1, "kind": "run"}, "tries_exhausted"),
    ],
)
def test_the_code_says_who_gave_up_and_why(
    attributes: dict[str, str], document: Any, code: str
) -> None:
    """We park, the bus cannot hand over, Lambda gives up a batch, or SQS has tried enough."""
    assert code == read(json.dumps(document), **attributes).code


def test_an_event_of_the_bus_is_told_by_its_ids() -> None:
    """An event that only one tenant sends is that tenant's to mend."""
    event = {"id": "evt_1", "tenant": "acme", "topic": "metric.x", "profile": {"email": "a@b.it"}}

    about = read(json.dumps({"detail": event})).about

    assert {"tenant": "acme", "topic": "metric.x", "event_id": "evt_1"} == about


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text() | _JSON.map(json.dumps))
def test_any_message_at_all_can_be_told_of(body: str) -> None:
    """What lies there is what nobody could read."""
    letter = read(body)

    assert body == letter.body
    assert all(len(text) <= dead_letter.MAX_ID_CHARS for text in letter.about.values())
