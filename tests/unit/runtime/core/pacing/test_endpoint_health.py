"""The machine behind an endpoint: when the breaker opens, who hears, when it is the end."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.pacing import endpoint_health as health
from runtime.core.pacing.endpoint_health import Closed, Health, NoticeKind, Open, Probe, Seen
from tests.builders import NOW_MS, TENANT

WELL = Health(tenant=TENANT, webhook_id="whk_1")
FAIL = Seen(error="http_500")
GOOD = Seen(error=None)
HOUR_MS = 3_600_000


def after(*seen: Seen, of: Health = WELL, at_ms: int = NOW_MS) -> Health:
    """The health after these."""
    return health.observe(of, seen, now_ms=at_ms)


def kinds(state: Health) -> list[tuple[NoticeKind, int | None]]:
    """What is to be told."""
    return [(notice.kind, notice.after_s) for notice in state.notices]


def test_a_healthy_endpoint_stays_the_same_object() -> None:
    """What has not changed is not written: success costs nothing."""
    assert after(*[GOOD] * 100) is WELL


def test_a_failure_that_a_success_has_followed_is_not_written() -> None:
    """A receiver that is busy for one in ten would cost a write for each batch."""
    assert after(GOOD, FAIL, GOOD) is WELL
    assert after(*[FAIL, GOOD] * 9, of=replace(WELL, revision=7)) == replace(WELL, revision=7)
    sick = replace(WELL, failures=3, failing_since_ms=NOW_MS)
    assert after(FAIL, GOOD, of=sick) == WELL


def test_one_failure_behind_successes_is_an_accident_until_more_follow() -> None:
    """Else the last of each batch would decide whether a busy receiver costs two writes."""
    assert after(*[GOOD] * 9, FAIL) is WELL
    assert after(FAIL).failures == 1  # the only one of its batch: all that is known
    assert after(GOOD, FAIL, FAIL).failures == 2
    sick = after(FAIL)
    assert after(GOOD, FAIL, of=sick).failures == 1
    assert after(GOOD, Seen(error="http_410", gone=True)).ended


def test_the_breaker_opens_after_ten_failures_in_a_row_and_not_before() -> None:
    """A success in between begins the count anew."""
    nine = after(*[FAIL] * 9)
    assert health.gate(nine, now_ms=NOW_MS) == Closed()
    assert health.gate(after(GOOD, *[FAIL] * 9, of=nine), now_ms=NOW_MS) == Closed()
    opened = after(FAIL, of=nine)
    assert health.gate(opened, now_ms=NOW_MS) == Open(NOW_MS + 30_000)


def test_an_endpoint_stays_slow_for_a_while_and_says_so_anew_at_half_time_only() -> None:
    """A slow endpoint costs a write every few minutes, not one an attempt."""
    slow = health.slowed(WELL, now_ms=NOW_MS)
    half_ms = NOW_MS + health.SLOW_FOR_S * 500
    assert not health.is_slow(WELL, now_ms=NOW_MS)
    assert health.is_slow(slow, now_ms=half_ms)
    assert not health.is_slow(slow, now_ms=NOW_MS + health.SLOW_FOR_S * 1000)
    assert health.slowed(slow, now_ms=half_ms - 1) is slow
    renewed = health.slowed(slow, now_ms=half_ms)
    assert health.is_slow(renewed, now_ms=NOW_MS + health.SLOW_FOR_S * 1000)


def test_an_endpoint_that_answers_again_may_still_be_slow() -> None:
    """What it did wrong is forgotten; that it takes long is not."""
    slow = health.slowed(after(FAIL), now_ms=NOW_MS)
    assert after(GOOD, of=slow) == replace(slow, failures=0, failing_since_ms=None)


def test_one_probe_goes_when_the_time_has_come_and_its_lease_keeps_others_out() -> None:
    """Two probes at once are the herd that the breaker is there to stop."""
    opened = after(*[FAIL] * 10)
    gate = health.gate(opened, now_ms=NOW_MS + 30_000)
    assert isinstance(gate, Probe)
    assert health.gate(gate.claim, now_ms=NOW_MS + 31_000) == Open(NOW_MS + 90_000)
    # A prober that died is replaced.
    assert isinstance(health.gate(gate.claim, now_ms=NOW_MS + 90_000), Probe)


def test_failed_probes_wait_twice_as_long_each_up_to_half_an_hour() -> None:
    """A dead endpoint costs little."""
    state = after(*[FAIL] * 10)
    waits = []
    for _ in range(9):
        now_ms = state.open_until_ms or 0
        state = after(Seen(error="reset", probe=True), of=state, at_ms=now_ms)
        waits.append(((state.open_until_ms or 0) - now_ms) // 1000)
    assert waits == [60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]


def test_attempts_under_way_when_it_opened_do_not_prolong_it() -> None:
    """A hundred slow failures are one outage."""
    opened = after(*[FAIL] * 10)
    assert after(FAIL, of=opened).open_until_ms == opened.open_until_ms


def test_a_probe_that_arrives_closes_it() -> None:
    """And nothing of the streak is left."""
    state = after(Seen(error=None, probe=True), of=after(*[FAIL] * 30))
    assert state == WELL


def test_the_tenant_hears_after_an_hour_and_after_a_day_and_of_the_recovery() -> None:
    """Once each; who heard nothing of the failure hears nothing of the recovery."""
    state = after(FAIL)
    told = []
    for hours in (0.9, 1.1, 2, 23, 25, 30):
        state = after(FAIL, of=replace(state, notices=()), at_ms=NOW_MS + int(hours * HOUR_MS))
        told += kinds(state)
    assert told == [(NoticeKind.FAILING, 3600), (NoticeKind.FAILING, 86_400)]
    assert kinds(after(GOOD, of=replace(state, notices=()))) == [(NoticeKind.RECOVERED, None)]
    assert kinds(after(GOOD, of=after(FAIL))) == []


def test_five_days_of_failure_are_the_end() -> None:
    """With enough attempts to be sure; two failures a week apart prove nothing."""
    late_ms = NOW_MS + 5 * 24 * HOUR_MS
    few = after(FAIL, of=after(FAIL), at_ms=late_ms)
    many = after(FAIL, of=after(*[FAIL] * 9), at_ms=late_ms)
    assert (few.ended, many.ended) == (False, True)
    assert (many.notices[-1].kind, many.notices[-1].reason) == (NoticeKind.DISABLED, "failing")
    assert after(FAIL, GOOD, of=many) is many


def test_gone_is_the_end_at_once() -> None:
    """The receiver has said so."""
    state = after(Seen(error="http_410", gone=True))
    assert (state.ended, state.notices[0].reason) == (True, "gone")


def test_a_notice_told_twice_is_one_event() -> None:
    """The sweep may tell again what a killed worker had told already."""
    (notice,) = after(Seen(error="http_410", gone=True)).notices
    first, second = (health.event(TENANT, "whk_1", notice) for _ in range(2))
    assert first == second
    assert (first.topic, first.origin) == ("webhook.disabled", "system")
    assert first.properties["webhook_id"] == "whk_1"


@given(st.lists(st.tuples(st.sampled_from([FAIL, GOOD]), st.integers(0, 8 * HOUR_MS)), max_size=60))
def test_whatever_happens_a_success_closes_and_the_count_is_the_streak(
    history: list[tuple[Seen, int]],
) -> None:
    """The breaker can never be stuck open over an endpoint that works."""
    state, now_ms, streak = WELL, NOW_MS, 0
    for seen, wait_ms in history:
        now_ms += wait_ms
        probe = isinstance(health.gate(state, now_ms=now_ms), Probe)
        state = after(replace(seen, probe=probe), of=state, at_ms=now_ms)
        if state.ended:
            return
        streak = streak + 1 if seen.error else 0
        assert state.failures == streak
        assert (state.open_until_ms is not None) == (streak >= health.OPEN_AFTER)
