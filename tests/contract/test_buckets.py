"""Token buckets of API keys: what is taken is gone, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.core.pacing.token_bucket import Empty, TokenBucket
from runtime.stores.pacing.buckets import Buckets
from tests.cloud import Cloud, on_local_cloud
from tests.doubles import FakeClock

BUCKET = TokenBucket(per_s=10, burst=20)


class TestBucketsContract:
    """By the hash of an API key."""

    def test_tokens_are_gone_once_taken_and_flow_in_again(self, cloud: Cloud) -> None:
        """Twenty at once, and then ten a second."""
        clock = FakeClock()
        buckets = Buckets(table=cloud.config.table, clock=clock)

        def takes(count: int) -> bool:
            return buckets.take("a-key", BUCKET, count=count) is None

        assert [takes(15), takes(5), takes(1)] == [True, True, False]
        clock.advance(1)
        assert [takes(10), takes(1)] == [True, False]
        clock.advance(3600)
        assert [takes(20), takes(1)] == [True, False]

    def test_an_empty_bucket_says_when_there_will_be_enough(self, cloud: Cloud) -> None:
        """To the microsecond, so that a caller who waits is not refused again."""
        clock = FakeClock()
        buckets = Buckets(table=cloud.config.table, clock=clock)
        buckets.take("a-key", BUCKET, count=20)

        empty = buckets.take("a-key", BUCKET, count=5)

        assert Empty(until_us=int(clock().timestamp() * 1_000_000) + 500_000) == empty
        clock.advance(0.5)
        assert buckets.take("a-key", BUCKET, count=5) is None

    def test_each_key_has_a_bucket_of_its_own(self, cloud: Cloud) -> None:
        """One busy key does not take another's calls."""
        buckets = Buckets(table=cloud.config.table, clock=FakeClock())
        buckets.take("a-key", BUCKET, count=20)

        assert buckets.take("another", BUCKET, count=20) is None

    @pytest.mark.e2e
    def test_many_who_ask_at_once_do_not_get_more(self, emulator: str) -> None:
        """One addition in the table decides; moto's own is not atomic, so the emulator is asked."""
        with on_local_cloud(emulator) as cloud, ThreadPoolExecutor(8) as pool:
            buckets = Buckets(table=cloud.config.table, clock=FakeClock())

            answers = list(pool.map(lambda _: buckets.take("k", BUCKET, count=1), range(40)))

        assert 20 == answers.count(None)
