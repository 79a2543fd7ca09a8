"""Several timelines are one, in the order of time."""

from collections.abc import Iterator
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.timeline import entry as entries
from runtime.core.timeline.entry import Entry, EntryKind
from tests.builders import NOW, an_event
from tests.timeline import an_entry

TIMES = ("2026-11-20T13:04:05.123Z", "2026-11-20T13:04:05.124Z", "2026-11-21T00:00:00.000Z")
ENTRIES = st.builds(
    lambda number, at, kind: an_entry(id=f"evt_{number}", at=at, kind=kind),
    st.integers(0, 3),
    st.sampled_from(TIMES),
    st.sampled_from([EntryKind.EVENT, EntryKind.CHANGE]),
)


def newest_first(some: list[Entry]) -> list[Entry]:
    """As a store reads one timeline."""
    once = {entry.place: entry for entry in some}
    return [once[place] for place in sorted(once, reverse=True)]


@given(st.lists(st.lists(ENTRIES, max_size=6), max_size=4))
def test_merged_timelines_are_one_timeline_of_all_that_happened(parts: list[list[Entry]]) -> None:
    """Each thing once, though two of the timelines tell of it, and the newest first."""
    every = [entry for part in parts for entry in part]

    merged = list(entries.merged(iter(newest_first(part)) for part in parts))

    assert newest_first(every) == merged


def test_timelines_are_read_no_further_than_they_are_needed() -> None:
    """A page must not read a person's whole life."""
    read = count()

    def endless() -> Iterator[Entry]:
        for number in range(1000, 0, -1):
            next(read)
            yield an_entry(id=f"evt_{number:04}")

    merged = entries.merged([endless(), iter([])])
    for _ in range(5):
        next(merged)

    assert next(read) <= 6


def test_an_events_entry_stands_at_the_time_when_it_happened() -> None:
    """A late event stands where it belongs, and says when it came."""
    late = an_event(occurred_at=TIMES[0], received_at=TIMES[2])

    entry = entries.of_event(late, "prf_1")

    assert (TIMES[0], TIMES[2], "evt_1", late.topic) == (
        entry.at,
        entry.recorded_at,
        entry.id,
        entry.topic,
    )
    assert NOW in entry.place
