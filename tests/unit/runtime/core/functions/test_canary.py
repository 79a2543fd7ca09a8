"""Which version runs on an event."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions import canary
from tests.builders import a_canary, a_function

IDS = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), min_size=1)


def test_without_a_canary_the_live_version_runs() -> None:
    """And none when none is live."""
    assert 1 == canary.version_for(a_function(), "evt_1")
    assert canary.version_for(a_function(live_version=None), "evt_1") is None


@given(IDS)
def test_a_share_of_everything_takes_every_event(event_id: str) -> None:
    """100 % is all, and the same event gets the same answer."""
    function = a_function(canary=a_canary(percent=100))

    assert 2 == canary.version_for(function, event_id) == canary.version_for(function, event_id)


@given(IDS, st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_larger_share_adds_events_and_takes_none_away(
    event_id: str, one: float, other: float
) -> None:
    """An event that has met the canary goes on meeting it when the share grows."""
    small, large = sorted((one, other))

    if canary.takes(a_canary(percent=small), event_id):
        assert canary.takes(a_canary(percent=large), event_id)


def test_the_share_is_what_was_set() -> None:
    """Within a point of 10 % over 10,000 events, and another canary takes other events."""
    events = [f"evt_{number}" for number in range(10_000)]
    one = {each for each in events if canary.takes(a_canary(id="can_1"), each)}
    other = {each for each in events if canary.takes(a_canary(id="can_2"), each)}

    assert 900 < len(one) < 1100
    assert 900 < len(other) < 1100
    assert len(one & other) < 200
