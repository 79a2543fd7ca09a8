"""What a warm process may still believe."""

import pytest

from runtime.freshness import Known, Remembered, is_fresh
from tests.doubles import FakeClock


@pytest.mark.parametrize(
    ("now_s", "fresh"), [(100.0, True), (101.9, True), (102.0, False), (3700.0, False)]
)
def test_what_is_kept_is_believed_for_its_time(now_s: float, *, fresh: bool) -> None:
    """And never after it, however long the process has slept."""
    assert fresh == is_fresh(100.0, now_s=now_s, for_s=2.0)


def test_a_clock_that_was_set_back_makes_nothing_fresh() -> None:
    """Nobody knows how much time has passed."""
    assert not is_fresh(100.0, now_s=99.9, for_s=2.0)


def test_what_is_too_old_is_read_again_and_what_is_not_is_remembered() -> None:
    """A read for each event would cost as much as the event."""
    reads: list[str] = []

    def read(key: str) -> int:
        reads.append(key)
        return len(reads)

    known: Remembered[int] = Remembered(for_s=2.0, at_most=9)

    assert [1, 1, 2, 3] == [known.get("a", now_s=at, read=read) for at in (0, 1.9, 2, 1.9)]
    assert reads == ["a", "a", "a"]


def test_those_that_were_read_longest_ago_are_forgotten() -> None:
    """A worker of many tenants must not grow without end."""
    known: Remembered[str] = Remembered(for_s=100.0, at_most=2)
    reads: list[str] = []

    def read(key: str) -> str:
        reads.append(key)
        return key

    for key in ("a", "b", "c", "b", "c", "a"):
        known.get(key, now_s=0.0, read=read)

    assert reads == ["a", "b", "c", "a"]


def test_a_read_that_fails_leaves_nothing_to_believe() -> None:
    """The next one asks again."""
    known: Remembered[str] = Remembered(for_s=100.0, at_most=2)

    def fail(key: str) -> str:
        raise KeyError(key)

    with pytest.raises(KeyError):
        known.get("a", now_s=0.0, read=fail)
    assert known.get("a", now_s=0.0, read=str.upper) == "A"


def test_one_value_is_read_again_once_it_is_too_old_and_after_a_read_that_failed() -> None:
    """What is too old is never believed, though nothing newer can be read."""
    clock = FakeClock()
    answers: list[int | ValueError] = [1, ValueError("down"), 2]

    def read() -> int:
        answer = answers.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    known = Known(read=read, for_s=2.0, clock=clock)

    assert [1, 1] == [known(), known()]
    clock.advance(2.0)
    with pytest.raises(ValueError, match="down"):
        known()
    assert 2 == known()
