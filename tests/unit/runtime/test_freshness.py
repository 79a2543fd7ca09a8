"""What a warm process may still believe."""

import pytest

from runtime.freshness import is_fresh


@pytest.mark.parametrize(
    ("now_s", "fresh"), [(100.0, True), (101.9, True), (102.0, False), (3700.0, False)]
)
def test_what_is_kept_is_believed_for_its_time(now_s: float, *, fresh: bool) -> None:
    """And never after it, however long the process has slept."""
    assert fresh == is_fresh(100.0, now_s=now_s, for_s=2.0)


def test_a_clock_that_was_set_back_makes_nothing_fresh() -> None:
    """Nobody knows how much time has passed."""
    assert not is_fresh(100.0, now_s=99.9, for_s=2.0)
