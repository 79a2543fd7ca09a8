"""What of the queues a person must hear of."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.watch.queues import EVERY_MIN, PATIENCE_S, is_due, judge, worth_asking

WORK = st.dictionaries(st.sampled_from(sorted(PATIENCE_S)), st.integers(0, 50))
DEAD = st.dictionaries(st.sampled_from(["shop-RunQueueDeadLetters-1", "b"]), st.integers(0, 50))
AGES = st.dictionaries(st.sampled_from(sorted(PATIENCE_S)), st.integers(0, 90_000))


@given(WORK, DEAD, AGES)
def test_a_dead_letter_is_trouble_at_once_and_work_only_after_its_patience(
    work: dict[str, int], dead: dict[str, int], ages_s: dict[str, int]
) -> None:
    """However much of it there is."""
    trouble = judge({**work, **dead}, ages_s)

    assert trouble.dead == {name: count for name, count in dead.items() if count}
    assert trouble.late_s.keys() == {name for name, age in ages_s.items() if age > PATIENCE_S[name]}
    assert trouble.measures.get("dead_letters", 0) == sum(dead.values())
    assert trouble.measures.get("queue_late_s", 0) == max(trouble.late_s.values(), default=0)
    assert len(trouble) == len(trouble.dead) + len(trouble.late_s)


@given(WORK, DEAD)
def test_only_a_queue_of_work_with_something_in_it_is_asked_for_its_age(
    work: dict[str, int], dead: dict[str, int]
) -> None:
    """Each question costs; an installation in which nothing happens asks none."""
    assert set(worth_asking({**work, **dead})) == {name for name, count in work.items() if count}


@pytest.mark.parametrize(("minute", "due"), [(0, True), (6, True), (54, True), (1, False)])
def test_the_sweep_of_each_sixth_minute_looks(minute: int, due: bool) -> None:  # noqa: FBT001 - a case
    """So that each period of the alarms has one look, and no more."""
    assert is_due(datetime(2026, 11, 20, 12, minute, 59, tzinfo=UTC)) is due
    assert 60 % EVERY_MIN == 0
