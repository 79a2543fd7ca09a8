"""A sync is due at its slots, each once, wherever its clocks stand."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.warehouse import schedule
from runtime.core.warehouse.schedule import Manual
from runtime.errors import BadInput

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")
EVERY = [n for n in range(5, 1441, 5) if 1440 % n == 0]
moments = st.datetimes(
    min_value=datetime(2011, 1, 1),  # noqa: DTZ001 - the zone comes with `timezones`
    max_value=datetime(2037, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
texts = st.one_of(
    st.sampled_from([f"every {n} minutes" for n in EVERY]),
    st.builds(lambda at, zone: f"daily at {at:%H:%M} {zone}", st.times(), st.sampled_from(ZONES)),
)


def at(text: str) -> datetime:
    """An instant, written in ISO 8601."""
    return datetime.fromisoformat(text)


@given(texts)
def test_a_schedule_is_written_as_it_is_read(text: str) -> None:
    """It is stored, shown and declared as this one text."""
    assert text == str(schedule.parse(text))


@given(texts, moments)
def test_the_next_slot_lies_ahead_and_within_two_days(text: str, after: datetime) -> None:
    """A slot that never comes is a sync that stands still and says nothing."""
    slot = schedule.parse(text).next_slot(after)

    assert slot is not None
    assert timedelta(0) < slot - after < timedelta(hours=49)


@given(texts, moments, st.lists(st.integers(1, 3000), min_size=1, max_size=8))
def test_planners_that_come_late_see_each_slot_once(
    text: str, start: datetime, pauses: list[int]
) -> None:
    """The windows of planners join without a gap, however irregularly they come."""
    due = schedule.parse(text)
    windows = [start]
    for minutes in pauses:
        windows.append(windows[-1] + timedelta(minutes=minutes))
    seen = []
    for after, until in itertools.pairwise(windows):
        slot = due.next_slot(after)
        assert schedule.is_due(due, after=after, until=until) is (
            slot is not None and slot <= until
        )
        while slot is not None and slot <= until:
            seen.append(slot)
            slot = due.next_slot(slot)

    whole, slot = [], due.next_slot(start)
    while slot is not None and slot <= windows[-1]:
        whole.append(slot)
        slot = due.next_slot(slot)
    assert whole == seen


@given(st.sampled_from(EVERY), moments, moments)
def test_syncs_with_the_same_minutes_are_due_at_the_same_instants(
    minutes: int, one: datetime, other: datetime
) -> None:
    """Otherwise each tenant of a warehouse would wake it by itself, and pay for that."""
    due = schedule.parse(f"every {minutes} minutes")
    since_midnight = due.next_slot(one)
    assert since_midnight is not None
    assert 0 == (since_midnight.hour * 60 + since_midnight.minute) % minutes
    assert due.next_slot(min(one, other)) <= due.next_slot(max(one, other))  # type: ignore[operator]


@given(st.times(), st.sampled_from(ZONES), moments)
def test_a_daily_sync_is_due_at_its_time_by_the_clocks_of_its_zone(
    time: datetime, zone: str, after: datetime
) -> None:
    """An analyst who comes at nine wants the night's rows in winter and in summer."""
    slot = schedule.parse(f"daily at {time:%H:%M} {zone}").next_slot(after)

    assert slot is not None
    shown = slot.astimezone(ZoneInfo(zone))
    skipped = (
        slot.astimezone(ZoneInfo(zone)).utcoffset()
        != (slot - timedelta(hours=3)).astimezone(ZoneInfo(zone)).utcoffset()
    )
    assert skipped or (shown.hour, shown.minute) == (time.hour, time.minute)


def test_a_day_without_the_time_has_its_slot_an_hour_later_by_the_clock() -> None:
    """On 29 March 2026 Berlin's clocks go from 02:00 to 03:00."""
    due = schedule.parse("daily at 02:30 Europe/Berlin")

    first = due.next_slot(at("2026-03-28T12:00:00Z"))
    assert first is not None
    assert [at("2026-03-29T01:30:00Z"), at("2026-03-30T00:30:00Z")] == [first, due.next_slot(first)]


def test_a_day_that_shows_the_time_twice_has_one_slot() -> None:
    """On 25 October 2026 Berlin's clocks go from 03:00 back to 02:00."""
    due = schedule.parse("daily at 02:30 Europe/Berlin")

    first = due.next_slot(at("2026-10-24T12:00:00Z"))
    assert first is not None
    assert [at("2026-10-25T00:30:00Z"), at("2026-10-26T01:30:00Z")] == [first, due.next_slot(first)]


def test_a_manual_sync_is_never_due() -> None:
    """It runs when somebody asks, and at no other time."""
    due = schedule.parse("manual")

    assert Manual() == due
    assert not schedule.is_due(
        due, after=at("2026-01-01T00:00:00Z"), until=at("2036-01-01T00:00:00Z")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hourly",
        "every 0 minutes",
        "every 1 minutes",
        "every 7 minutes",
        "every 25 minutes",  # the last gap of each day would be shorter than the others
        "every 2880 minutes",
        "every 60 minutes ",
        "daily at 24:00 UTC",
        "daily at 9:00 UTC",
        "daily at 09:00",
        "daily at 09:00 Europe/Nowhere",
        "daily at 09:00 Europe",
        "daily at 09:00 ../../etc/passwd",
        "daily at 09:00 /etc/localtime",
        "Manual",
    ],
)
def test_what_is_no_schedule_is_refused_with_what_would_be(text: str) -> None:
    """A guess would load at other times than somebody meant."""
    with pytest.raises(BadInput) as refusal:
        schedule.parse(text)

    assert ("bad_schedule", "schedule") == (refusal.value.code, refusal.value.field)
