"""Times as people type them."""

from datetime import UTC, datetime

import pytest
import typer

from cli import _times


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T13:04:05z", "2026-11-20T13:04:05.000Z"),
        ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00.000Z"),
        ("2026-11-20 14:04:05+01:00", "2026-11-20T13:04:05.000Z"),
    ],
)
def test_a_time_is_read_as_the_api_reads_it(text: str, instant: str) -> None:
    """The same text must not mean one thing here and another there."""
    assert instant == _times.parse(text)


def test_a_time_without_an_offset_is_that_of_this_machine() -> None:
    """Whoever types a time looks at the clock beside."""
    parsed = _times.parse("2026-11-20T13:04:05")

    assert parsed is not None
    local = datetime(2026, 11, 20, 13, 4, 5).astimezone()
    assert local.astimezone(UTC) == datetime.fromisoformat(parsed)


@pytest.mark.parametrize("text", ["yesterday", "999999d", "9999-12-31T23:59:60Z", "7w", ""])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    """Not a traceback, however far back it reaches."""
    with pytest.raises(typer.BadParameter):
        _times.parse(text)
