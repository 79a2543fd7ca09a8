"""Which profiles are compared on a day, and what is lost of them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.archive import reconciliation
from runtime.core.archive.reconciliation import PARTS, Sample

DAY = date(2026, 11, 20)
_days = st.dates()
_own_ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
_ids = _own_ids | st.builds(lambda text: ids.derive("prf", text), st.text())


@given(profile_id=_ids, first=_days.filter(lambda day: day.year < 9000))
def test_within_a_month_each_profile_is_compared_once(profile_id: str, first: date) -> None:
    """Whatever its id: a part that nobody looks at is where losses stay."""
    parts = [reconciliation.part_of(first + timedelta(days=n)) for n in range(PARTS)]
    mine = [part for part in parts if part.first <= profile_id <= part.last]
    # An id that is the very border of two parts is in both.
    assert 1 <= len(mine) <= 2
    assert len(mine) == 1 or profile_id in {part.last for part in mine}


@given(revisions=st.dictionaries(_ids, st.integers(1, 9)), archived=st.data())
def test_lost_is_what_was_archived_in_no_state_as_late(
    revisions: dict[str, int], archived: st.DataObject
) -> None:
    """A later state replaces all before it, so only the latest counts."""
    drawn = {each: archived.draw(st.integers(0, 9), label=each) for each in revisions}
    sample = Sample(day=DAY, revisions=revisions)

    lost = reconciliation.lost(sample, {each: n for each, n in drawn.items() if n})

    assert lost == {each for each, revision in revisions.items() if drawn[each] < revision}


@given(day=_days, revisions=st.dictionaries(_ids, st.integers(1, 2**53)))
def test_a_sample_comes_back_as_it_was_stored(day: date, revisions: dict[str, int]) -> None:
    """It rests for a day, and a process of the next day reads it."""
    sample = Sample(day=day, revisions=revisions)
    assert sample == reconciliation.decode(reconciliation.encode(sample))


@given(tenants=st.sets(_own_ids), first=_days.filter(lambda day: day.year < 9000))
def test_each_tenant_comes_first_once_in_as_many_days_as_there_are_tenants(
    tenants: set[str], first: date
) -> None:
    """When there is no time for all, those at the end wait for another day."""
    orders = [
        reconciliation.in_turn(tenants, day=first + timedelta(days=n)) for n in range(len(tenants))
    ]
    assert all(sorted(order) == sorted(tenants) for order in orders)
    assert sorted(order[0] for order in orders) == sorted(tenants)


def test_a_new_sync_has_a_month_until_what_it_lacks_counts_as_lost() -> None:
    """It begins with the raw log, which keeps no profile that has not changed for a month."""
    sample = Sample(day=DAY, revisions={"prf_1": 1})
    assert not reconciliation.is_due(sample, begun_at="2026-10-19T00:00:00.000Z")
    assert reconciliation.is_due(sample, begun_at="2026-10-17T23:59:59.000Z")
