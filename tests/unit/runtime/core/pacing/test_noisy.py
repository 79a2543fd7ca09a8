"""Who is noisy."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.pacing.noisy import NOISY_FROM, REMEMBERED, noisy, remember

batches = st.lists(st.lists(st.sampled_from("abcdefghijkl"), max_size=10), max_size=80)


@given(batches)
def test_a_tenant_is_noisy_with_a_tenth_of_the_last_late_events(taken: list[list[str]]) -> None:
    """Neither more of them nor earlier ones count."""
    late: tuple[str, ...] = ()
    for batch in taken:
        late = remember(late, batch)

    last = [tenant for batch in taken for tenant in batch][-REMEMBERED:]
    assert list(late) == last
    assert noisy(late) == {
        tenant for tenant, count in Counter(last).items() if count >= REMEMBERED / 10
    }


@given(st.integers(10, 200))
def test_nobody_is_noisy_where_ever_so_many_tenants_have_equally_many(tenants: int) -> None:
    """Then all wait because all send, and to move events would help nobody."""
    late = [str(number % (tenants + 1)) for number in range(REMEMBERED)]

    assert noisy(late) == frozenset()


def test_few_events_make_nobody_noisy() -> None:
    """A worker that has just started has seen too little to tell."""
    assert noisy(["acme"] * (NOISY_FROM - 1)) == frozenset()
    assert noisy(["acme"] * NOISY_FROM) == {"acme"}
