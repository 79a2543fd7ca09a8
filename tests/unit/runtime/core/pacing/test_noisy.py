"""Who is noisy."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.pacing.noisy import (
    FORGOTTEN_AFTER_S,
    LATE_AFTER_S,
    NOISY_FROM,
    REMEMBERED,
    Late,
    Waiting,
    is_late,
    noisy,
    remember,
)
from tests.builders import NOW_MS

taken = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdefghijkl"), max_size=10), st.integers(0, 20_000)),
    max_size=80,
)


@given(taken)
def test_a_tenant_is_noisy_with_a_tenth_of_the_last_late_messages(
    batches: list[tuple[list[str], int]],
) -> None:
    """Those before the last 300 do not count, nor those of a minute ago."""
    late: tuple[Late, ...] = ()
    story: list[Late] = []
    now_ms = NOW_MS
    for tenants, wait_ms in batches:
        now_ms += wait_ms
        late = remember(late, tenants, now_ms=now_ms)
        story += [Late(tenant, now_ms) for tenant in tenants]

    last = [each for each in story[-REMEMBERED:] if now_ms - each.at_ms <= FORGOTTEN_AFTER_S * 1000]
    assert list(late) == last
    counts = Counter(each.tenant for each in last)
    assert noisy(late) == {name for name, count in counts.items() if count >= REMEMBERED / 10}


@given(st.integers(11, 200))
def test_nobody_is_noisy_where_ever_so_many_tenants_have_equally_many(tenants: int) -> None:
    """Then all wait because all send, and to move messages would help nobody."""
    late = remember((), (str(n % tenants) for n in range(REMEMBERED)), now_ms=NOW_MS)

    assert noisy(late) == frozenset()


def test_few_messages_make_nobody_noisy() -> None:
    """A worker that has just started has seen too little to tell."""
    late = remember((), ["acme"] * (NOISY_FROM - 1), now_ms=NOW_MS)

    assert noisy(late) == frozenset()
    assert noisy(remember(late, ["acme"], now_ms=NOW_MS)) == {"acme"}


@pytest.mark.parametrize(
    ("waited_ms", "tries", "late"),
    [
        (LATE_AFTER_S * 1000, 1, False),
        (LATE_AFTER_S * 1000 + 1, 1, True),
        (60_000, 2, False),  # it has failed, and waited for the queue to hand it out again
        (-5_000, 1, False),  # the clocks differ
    ],
)
def test_a_message_is_late_when_it_has_waited_for_others(
    waited_ms: int, tries: int, *, late: bool
) -> None:
    """By the queue's own time, which no producer sets."""
    message = Waiting(body="{}", sent_at_ms=NOW_MS - waited_ms, tries=tries, gave_way=False)

    assert late is is_late(message, now_ms=NOW_MS)
