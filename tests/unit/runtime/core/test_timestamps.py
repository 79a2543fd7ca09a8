"""Instants as text: all of RFC 3339 is read, and the same on every Python."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.timestamps import moment, of_epoch_ms, timestamp


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T13:04:05Z", "2026-11-20T13:04:05.000Z"),
        ("2026-11-20T13:04:05z", "2026-11-20T13:04:05.000Z"),
        ("2026-11-20t13:04:05z", "2026-11-20T13:04:05.000Z"),
        ("2026-11-20 13:04:05Z", "2026-11-20T13:04:05.000Z"),
        ("2026-11-20T13:04:05+05:30", "2026-11-20T07:34:05.000Z"),
        ("2026-11-20T13:04:05-23:59", "2026-11-21T13:03:05.000Z"),
        ("2026-11-20T13:04:05-00:00", "2026-11-20T13:04:05.000Z"),
        ("2026-11-20T13:04:05.1Z", "2026-11-20T13:04:05.100Z"),
        ("2026-11-20T13:04:05.123456789012Z", "2026-11-20T13:04:05.123Z"),
        ("2026-11-20T13:04:05.9999999Z", "2026-11-20T13:04:05.999Z"),
        ("2026-11-20T13:04:05,5Z", "2026-11-20T13:04:05.500Z"),
        # Leap seconds: the real ones of 1990 and of RFC 3339's examples, and one in a zone.
        ("1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"),
        ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00.000Z"),
        ("2026-06-30T23:59:60.25z", "2026-07-01T00:00:00.250Z"),
        # Forms of ISO 8601 that were always taken.
        ("20261120T130405Z", "2026-11-20T13:04:05.000Z"),
        ("2026-W47-5T13:04:05Z", "2026-11-20T13:04:05.000Z"),
        ("2026-11-20T13Z", "2026-11-20T13:00:00.000Z"),
        ("2026-11-20T13:04+01", "2026-11-20T12:04:00.000Z"),
        ("2026-11-20T13:04:05+0130", "2026-11-20T11:34:05.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_read_as_its_instant(text: str, instant: str) -> None:
    """Whoever writes by the RFC must not be told that it is no time."""
    assert instant == timestamp(moment(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-20",
        "2026-11-20T13:04:05",
        "2026-11-20T24:00:00Z",
        "2026-11-20T13:60:00Z",
        "2026-11-20T13:04:61Z",
        "2026-11-20T13:04:05.Z",
        "2026-11-20T13:0405Z",
        "2026-11-20T13:04:05+24:00",
        "2026-11-20T13:04:05+01:60",
        "2026-11-20T13:04:05Z ",
        "2026-11-20T13:04:05Z\n",
        "2026-11-20x13:04:05Z",
        "2026-02-30T13:04:05Z",
        "2026-11-20T13:04:05Zz",
        "٢٠٢٦-11-20T13:04:05Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
    ],
)
def test_what_names_no_instant_is_refused(text: str) -> None:
    """By one error, whatever is wrong, so that no caller forgets another."""
    with pytest.raises(ValueError, match=r"."):
        moment(text)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(instant=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS))  # noqa: DTZ001 - the zone is drawn
def test_what_python_writes_is_read_back(instant: datetime) -> None:
    """In every zone, to the microsecond."""
    assert instant == moment(instant.isoformat())


@given(first=st.datetimes(timezones=st.just(UTC)), second=st.datetimes(timezones=st.just(UTC)))
def test_texts_sort_as_their_instants_do(first: datetime, second: datetime) -> None:
    """Keys and listings rely on it."""
    assert (timestamp(first) <= timestamp(second)) or first > second


@given(at_ms=st.integers(0, 253_402_300_799_999))
def test_milliseconds_since_the_epoch_are_written_to_the_millisecond(at_ms: int) -> None:
    """Until the end of year 9999. Floats would be off by one here and there."""
    since = moment(of_epoch_ms(at_ms)) - datetime(1970, 1, 1, tzinfo=UTC)
    assert since == timedelta(milliseconds=at_ms)
