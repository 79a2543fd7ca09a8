"""Rate limits and concurrency caps as arithmetic."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.pacing import concurrency, rate_limit
from runtime.core.pacing.rate_limit import Per, RateLimit
from tests.builders import NOW_MS

limits = st.builds(RateLimit, count=st.integers(1, 50), per=st.sampled_from(Per))

LEASE_MS = 60_000


@given(limits, st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(1, 30)), max_size=50))
def test_no_window_gets_more_than_its_share(limit: RateLimit, asks: list[tuple[int, int]]) -> None:
    """Whoever asks, whenever, for however many."""
    now_ms, ticket, windows = NOW_MS, 0, Counter[int]()
    for wait_ms, count in asks:
        now_ms += wait_ms
        first = max(ticket, rate_limit.first_ticket(limit, now_ms=now_ms))
        ticket = first + count
        for each in range(first, ticket):
            turn = rate_limit.turn_ms(limit, ticket=each)
            assert turn > now_ms - limit.window_ms
            windows[turn] += 1
    assert all(number <= limit.count for number in windows.values())
    assert all(turn % limit.window_ms == 0 for turn in windows)


@given(limits, st.floats(0, 1))
def test_who_comes_back_in_time_may_use_the_ticket(limit: RateLimit, dice: float) -> None:
    """Up to two seconds late, as queues are."""
    wake = rate_limit.wake_ms(limit, turn_ms=NOW_MS, dice=dice)
    assert rate_limit.is_valid(limit, turn_ms=NOW_MS, now_ms=wake)
    assert rate_limit.is_valid(limit, turn_ms=NOW_MS, now_ms=wake + 2_000)
    assert not rate_limit.is_valid(limit, turn_ms=NOW_MS, now_ms=NOW_MS - 1)
    assert not rate_limit.is_valid(limit, turn_ms=NOW_MS, now_ms=NOW_MS + 3_700_000)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 40_000))),
)
def test_permits_in_use_are_never_more_than_the_cap(
    cap: int, steps: list[tuple[str, int, int]]
) -> None:
    """Those of a killed worker come back when nobody can be at work with them any more."""
    grants: concurrency.Grants = {}
    now_ms, owned = NOW_MS, 0
    for owner, wanted, wait_ms in steps:
        now_ms += wait_ms
        if owner in grants:
            grants = concurrency.release(grants, owner)
            continue
        grants, owned = concurrency.acquire(
            grants, owner, wanted=wanted, cap=cap, now_ms=now_ms, lease_ms=LEASE_MS
        )
        in_use = sum(each.permits for each in grants.values() if each.until_ms > now_ms)
        assert in_use <= cap
        assert owned <= wanted


def _acquire(
    grants: concurrency.Grants, owner: str, *, wanted: int, now_ms: int
) -> tuple[concurrency.Grants, int]:
    return concurrency.acquire(
        grants, owner, wanted=wanted, cap=3, now_ms=now_ms, lease_ms=LEASE_MS
    )


def test_an_owner_that_asks_again_does_not_wait_for_its_own_permits() -> None:
    """It has lost the answer to its first asking; they would lie idle until the lease ends."""
    leases, granted = _acquire({}, "one", wanted=3, now_ms=NOW_MS)

    again, granted_again = _acquire(leases, "one", wanted=3, now_ms=NOW_MS)

    assert (3, 3, leases) == (granted, granted_again, again)
    assert _acquire(again, "other", wanted=1, now_ms=NOW_MS)[1] == 0


def test_permits_of_the_dead_come_back() -> None:
    """A cap must not become a wall."""
    grants, _ = _acquire({}, "killed", wanted=3, now_ms=NOW_MS)
    later_ms = NOW_MS + LEASE_MS
    assert _acquire(grants, "next", wanted=9, now_ms=later_ms - 1)[1] == 0
    assert _acquire(grants, "next", wanted=9, now_ms=later_ms)[1] == 3
