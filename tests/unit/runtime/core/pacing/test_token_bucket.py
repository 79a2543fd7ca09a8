"""Token buckets as arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.pacing import token_bucket
from runtime.core.pacing.token_bucket import Empty, Taken, TokenBucket
from tests.builders import NOW_MS

NOW_US = NOW_MS * 1000
buckets = st.builds(TokenBucket, per_s=st.integers(1, 10_000), burst=st.integers(1, 20_000))


@given(buckets, st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1, 30)), max_size=60))
def test_nobody_gets_more_than_the_burst_and_what_has_flowed_in_since(
    bucket: TokenBucket, asks: list[tuple[int, int]]
) -> None:
    """Whoever asks, whenever, for however many."""
    now_us, full_at_us, taken = NOW_US, 0, 0
    for wait_us, count in asks:
        now_us += wait_us
        answer = token_bucket.take(
            bucket, full_at_us, count=min(count, bucket.burst), now_us=now_us
        )
        if isinstance(answer, Taken):
            full_at_us = answer.full_at_us
            taken += min(count, bucket.burst)
        # A token's time is cut to whole microseconds, so that a rate is kept to one in a hundred.
        flowed = (now_us - NOW_US) / bucket.cost_us(1)
        assert taken <= bucket.burst + flowed + 1


@given(buckets, st.integers(1, 50))
def test_who_waits_as_long_as_an_empty_bucket_says_gets_the_tokens(
    bucket: TokenBucket, count: int
) -> None:
    """`Retry-After` is made of it."""
    count = min(count, bucket.burst)
    full_at_us = NOW_US + bucket.room_us  # nothing is left
    empty = token_bucket.take(bucket, full_at_us, count=count, now_us=NOW_US)
    assert isinstance(empty, Empty)
    assert empty.until_us > NOW_US
    again = token_bucket.take(bucket, full_at_us, count=count, now_us=empty.until_us)
    assert isinstance(again, Taken)


@given(buckets)
def test_a_bucket_that_nobody_has_used_gives_its_burst_at_once(bucket: TokenBucket) -> None:
    """A key that has been quiet for a week may make the calls of a burst, not those of a week."""
    answer = token_bucket.take(bucket, 0, count=bucket.burst, now_us=NOW_US)
    assert Taken(full_at_us=NOW_US + bucket.room_us) == answer
    assert isinstance(
        token_bucket.take(bucket, NOW_US + bucket.room_us, count=1, now_us=NOW_US), Empty
    )
