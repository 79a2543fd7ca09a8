"""Migrations are applied in their order, each once, and none that a release does not know."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.migrations.migration import (
    MIGRATIONS,
    Applied,
    DataIsNewer,
    Migration,
    Page,
    advanced,
    finished,
    pending,
)

NOW = "2026-11-26T12:00:00.000Z"
THREE = tuple(Migration(number=n, name=f"m{n}", does="…") for n in (1, 2, 3))


def test_the_numbers_of_the_releases_migrations_have_no_gap() -> None:
    """A number that is given twice would let one of the two be skipped."""
    assert list(range(1, len(MIGRATIONS) + 1)) == [each.number for each in MIGRATIONS]
    assert len(MIGRATIONS) == len({each.name for each in MIGRATIONS})


@given(st.sets(st.integers(1, 3)), st.sets(st.integers(1, 3)))
def test_what_is_not_done_is_pending_in_order(done: set[int], begun: set[int]) -> None:
    """One that was begun and stopped is pending, too."""
    applied = [finished(each, now=NOW) for each in THREE if each.number in done]
    applied += [
        Applied(number=each.number, name=each.name, started_at=NOW, cursor="x")
        for each in THREE
        if each.number in begun - done
    ]

    assert sorted({1, 2, 3} - done) == [each.number for each in pending(applied, THREE)]


def test_data_of_a_later_release_is_left_alone_and_says_so() -> None:
    """After a rollback, code that does not know what was changed must change nothing more."""
    with pytest.raises(DataIsNewer, match="m3"):
        pending([finished(THREE[2], now=NOW)], THREE[:2])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_pages_add_up_and_only_the_last_ends_it(counts: list[tuple[int, int]]) -> None:
    """What an admin reads at the end is what all pages have done, whoever has done them."""
    applied = Applied(number=1, name="m1", started_at=NOW)
    for looked_at, changed in counts:
        page = Page(looked_at=looked_at, changed=changed, cursor="next")
        applied = advanced(applied, page, now=NOW)
        assert applied.finished_at is None

    ended = advanced(applied, Page(looked_at=0, changed=0, cursor=None), now=NOW)

    assert ended == replace(applied, cursor=None, finished_at=NOW)
    assert (ended.looked_at, ended.changed) == tuple(map(sum, zip(*counts, (0, 0), strict=True)))
