"""Tickets and permits: handed out once, whoever asks at the same time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.stores.pacing.turns import Turns
from tests.builders import TENANT
from tests.cloud import Cloud, on_local_cloud
from tests.doubles import FakeClock

LIMIT = RateLimit(count=5, per=Per.SECOND)


class TestTurnsContract:
    """By tenant and webhook."""

    def test_tickets_go_in_order_and_begin_anew_when_time_has_passed(self, cloud: Cloud) -> None:
        """A limit that was not used up yesterday is not saved for today."""
        clock = FakeClock("2026-11-20T13:04:05.000Z")
        turns = Turns(table=cloud.deliveries.table, clock=clock)
        start_ms = int(clock().timestamp() * 1000)

        def taken(count: int) -> list[int]:
            given = turns.take(TENANT, "whk_1", LIMIT, count=count)
            return [(turn_ms - start_ms) // 1000 for turn_ms in given]

        assert taken(3) == [0, 0, 0]
        assert taken(4) == [0, 0, 1, 1]
        clock.advance(60)
        assert taken(6) == [60, 60, 60, 60, 60, 61]

    @pytest.mark.e2e
    def test_many_who_ask_at_once_get_different_tickets(self, emulator: str) -> None:
        """One addition in the table decides; moto's own is not atomic, so the emulator is asked."""
        with on_local_cloud(emulator) as cloud, ThreadPoolExecutor(8) as pool:
            turns = Turns(table=cloud.deliveries.table, clock=FakeClock())

            given = list(pool.map(lambda _: turns.take(TENANT, "whk_1", LIMIT, count=3), range(20)))

        assert max(Counter(each for tickets in given for each in tickets).values()) == 5

    def test_limits_of_different_webhooks_do_not_touch(self, cloud: Cloud) -> None:
        """Nor does a changed limit inherit the old one's backlog."""
        turns = Turns(table=cloud.deliveries.table, clock=FakeClock())
        turns.take(TENANT, "whk_1", LIMIT, count=500)

        (other,) = turns.take(TENANT, "whk_2", LIMIT, count=1)
        (changed,) = turns.take(TENANT, "whk_1", RateLimit(count=9, per=Per.SECOND), count=1)

        assert other == changed

    def test_permits_go_round(self, cloud: Cloud) -> None:
        """To those who ask, up to the cap, until they are given back or their holder is dead."""
        clock = FakeClock()
        turns = Turns(table=cloud.deliveries.table, clock=clock)

        def acquire(owner: str, wanted: int) -> int:
            return turns.acquire(TENANT, "whk_1", owner=owner, wanted=wanted, cap=5)

        assert [acquire("a", 3), acquire("b", 3), acquire("c", 1)] == [3, 2, 0]
        assert turns.release(TENANT, "whk_1", owner="a")
        assert acquire("c", 9) == 3
        clock.advance(66)
        assert acquire("d", 9) == 5

    def test_permits_that_are_renewed_end_later(self, cloud: Cloud) -> None:
        """Nobody renews what others have been given meanwhile, or what was given back."""
        clock = FakeClock()
        turns = Turns(table=cloud.deliveries.table, clock=clock)

        def acquire(owner: str) -> int:
            return turns.acquire(TENANT, "fn", owner=owner, wanted=2, cap=2, lease_ms=40_000)

        def renew(owner: str) -> bool:
            return turns.renew(TENANT, "fn", owner=owner, lease_ms=40_000)

        assert (2, False) == (acquire("a"), renew("b"))
        clock.advance(39)
        assert renew("a")
        clock.advance(39)
        assert 0 == acquire("b")
        clock.advance(1)
        assert renew("a")  # its lease has ended, and nobody has taken the permits
        clock.advance(40)
        assert 2 == acquire("b")
        assert not renew("a")
        assert turns.release(TENANT, "fn", owner="b")
        assert not renew("b")
