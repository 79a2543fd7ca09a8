"""The message of an event that has given way."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events import bus_event
from runtime.core.json_text import dump
from tests.builders import NOW, a_bus_event, an_envelope

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), values, max_size=4), st.sampled_from(["", " ", "\n "]))
def test_it_is_the_same_event_and_says_so(properties: dict[str, object], space: str) -> None:
    """Whatever is in it, and however it is written."""
    text = space + dump(a_bus_event(an_envelope(properties=properties)))
    first = bus_event.parse_arrived(text, now=NOW)

    again = bus_event.parse_arrived(bus_event.giving_way(first), now=NOW)

    assert not first.gave_way
    assert replace(first, gave_way=True, text=again.text) == again


def test_a_number_stays_as_its_producer_wrote_it() -> None:
    """1.10 and 1.1 are one number to Python, and two texts to who compares a receipt."""
    body = dump(a_bus_event(an_envelope(properties={"price": "?"}))).replace('"?"', "1.10")

    again = bus_event.giving_way(bus_event.parse_arrived(body, now=NOW))

    assert '"price":1.10' in again


def test_a_replayed_event_that_has_given_way_is_still_replayed() -> None:
    """Nobody's waiting for it is measured."""
    body = dump(a_bus_event() | {"replay-name": "again"})

    again = bus_event.giving_way(bus_event.parse_arrived(body, now=NOW))

    assert bus_event.parse_arrived(again, now=NOW).accepted_at is None
