"""Which runs are asked for, and several lists as one."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions.run import Outcome, Run
from runtime.core.functions.selection import RunSelection, merged
from runtime.core.page import Page
from tests.builders import NOW_MS, a_run

LISTS = st.lists(st.lists(st.integers(0, 99), unique=True, max_size=12), max_size=4)


def position(run: Run) -> str:
    """Where a run stands in these lists."""
    return run.created_at


def a_list(numbers: list[int], *, name: int) -> list[Run]:
    """One list, the newest first; no two lists have a position in common."""
    return [
        a_run(id=f"run_{name}_{number}", created_at=f"{number:03}.{name}")
        for number in sorted(numbers, reverse=True)
    ]


def page(runs: list[Run], *, after: str | None, looks: int) -> Page[Run]:
    """Up to `looks` runs of a list after a position, as a store gives them."""
    rest = [run for run in runs if after is None or position(run) < after]
    shown = rest[:looks]
    return Page(
        items=tuple(shown), after=position(shown[-1]) if len(rest) > looks and shown else None
    )


@given(lists=LISTS, limit=st.integers(1, 5), looks=st.lists(st.integers(1, 5), min_size=4))
def test_several_lists_become_one_without_loss_and_in_order(
    lists: list[list[int]], limit: int, looks: list[int]
) -> None:
    """However short the pages of each list are."""
    each = [a_list(numbers, name=name) for name, numbers in enumerate(lists)]
    after: str | None = None
    seen: list[Run] = []
    while True:
        pages = [
            page(runs, after=after, looks=look) for runs, look in zip(each, looks, strict=False)
        ]
        joined = merged(pages, position=position, limit=limit)
        assert len(joined.items) <= limit
        assert after is None or joined.after is None or joined.after < after
        seen += joined.items
        after = joined.after
        if after is None:
            break

    every = sorted((run for runs in each for run in runs), key=position, reverse=True)
    assert every == seen


def test_what_a_list_has_not_shown_yet_holds_back_what_is_older() -> None:
    """Else a run would come after one that is older than it."""
    short = Page(items=(a_run(id="a", created_at="9"),), after="5")
    other = Page(items=(a_run(id="b", created_at="7"), a_run(id="c", created_at="3")))

    joined = merged([short, other], position=position, limit=10)

    assert (["a", "b"], "5") == ([run.id for run in joined.items], joined.after)


def test_every_outcome_but_two_is_a_failure_to_look_for() -> None:
    """A list of failures serves a search for any one of them."""
    assert {Outcome.RETURNED, Outcome.DROPPED} == {
        outcome for outcome in Outcome if not RunSelection(outcome=outcome).only_failed
    }
    assert RunSelection(failed=True).only_failed
    assert not RunSelection().only_failed


def test_a_run_that_will_be_tried_again_has_not_failed_yet() -> None:
    """It may succeed; who runs the failed ones again must not meet it."""
    waiting = a_run(outcome=Outcome.RAISED, due_at_ms=NOW_MS)

    assert not RunSelection(failed=True).takes(waiting)
    assert RunSelection(outcome=Outcome.RAISED).takes(waiting)
