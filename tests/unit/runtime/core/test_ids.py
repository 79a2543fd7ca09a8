"""Ids that begin with a time."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core import ids

TIMES = st.integers(0, (1 << 45) - 1)
UNIQUE = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=17, max_size=26)


@given(TIMES, TIMES, UNIQUE, UNIQUE)
def test_ids_sort_as_the_times_of_their_things_do(a: int, b: int, one: str, other: str) -> None:
    """The id is the sort key: a listing by time needs no index."""
    if a != b:
        assert (a < b) == (ids.in_time("job", a, one) < ids.in_time("job", b, other))
    assert (
        ids.first_in_time("job", a)
        <= ids.in_time("job", a, one)
        < ids.first_in_time("job", a) + "~"
    )


@given(st.integers(-(10**17), 10**17), TIMES, UNIQUE)
def test_any_time_bounds_a_listing(bound: int, at: int, unique: str) -> None:
    """A caller may ask for all since the year 1, or until the year 9999."""
    if bound <= at:
        assert ids.first_in_time("job", bound) <= ids.in_time("job", at, unique)
