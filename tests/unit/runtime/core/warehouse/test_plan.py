"""Planning loads: the same inputs give the same load, and nothing is skipped in silence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.warehouse import plan
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import BadInput
from tests.warehouse_records import a_load, a_sync


def _batch(seq: int, **changes: Any) -> RawBatch:
    given: dict[str, Any] = {
        "seq": seq,
        "key": f"raw/{seq}",
        "kind": Kind.EVENTS,
        "digest": f"digest-{seq}",
        "size_bytes": 1_000,
        "counts": {"acme": 10},
        "appended_at": "2026-11-20T13:04:05.123Z",
    }
    return RawBatch(**given | changes)


@given(order=st.permutations(range(1, 6)))
def test_a_load_id_depends_on_what_goes_in_and_not_on_its_order(order: list[int]) -> None:
    """Planning again after a kill must find the same keys and the same ledger row."""
    batches = [_batch(seq) for seq in range(1, 6)]
    shuffled = [_batch(seq) for seq in order]
    assert plan.load_id(a_sync(), batches, versions="1.1") == plan.load_id(
        a_sync(), shuffled, versions="1.1"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"sync": a_sync(tenant="globex")},
        {"sync": a_sync(id="syn_2")},
        {"sync": a_sync(kind=DestinationKind.S3)},
        {"batches": [_batch(1, digest="other")]},
        {"batches": [_batch(1), _batch(2)]},
        {"versions": "2.1"},
    ],
)
def test_whatever_changes_the_files_changes_the_load_id(other: dict[str, Any]) -> None:
    """Two different loads under one id would make the second one vanish behind the guard."""
    base: dict[str, Any] = {"sync": a_sync(), "batches": [_batch(1)], "versions": "1.1"}
    first, second = base, base | other
    ids = {
        plan.load_id(one["sync"], one["batches"], versions=one["versions"])
        for one in (first, second)
    }
    assert len(ids) == 2


def test_a_missing_arrival_number_stops_the_planner() -> None:
    """A gap means rows that nobody would ever load."""
    with pytest.raises(BadInput) as gap:
        plan.choose([_batch(1), _batch(3)], tenant="acme", after=0)
    assert gap.value.code == "raw_gap"


def test_batches_without_rows_of_the_tenant_are_passed_by() -> None:
    """A quiet tenant must not pay for reading everybody's batches, nor read them again."""
    batches = [_batch(1, counts={"globex": 5}), _batch(2), _batch(3, counts={"globex": 5})]
    choice = plan.choose(batches, tenant="acme", after=0)
    assert ([batch.seq for batch in choice.batches], choice.first_seq, choice.last_seq) == (
        [2],
        2,
        3,
    )


def test_a_load_ends_before_the_batch_that_would_make_it_too_large() -> None:
    """A load must fit the function's disk and one Parquet file."""
    batches = [_batch(seq, counts={"acme": plan.MAX_ROWS - 5}) for seq in (1, 2)]
    choice = plan.choose(batches, tenant="acme", after=0)
    assert ([batch.seq for batch in choice.batches], choice.last_seq) == ([1], 1)


def test_a_batch_that_is_too_large_alone_is_loaded_alone() -> None:
    """Otherwise it would stand in the way for ever."""
    batches = [_batch(1, counts={"acme": plan.MAX_ROWS + 5}), _batch(2)]
    assert len(plan.choose(batches, tenant="acme", after=0).batches) == 1


def test_a_choice_that_leaves_batches_behind_says_when_its_last_one_arrived() -> None:
    """Whatever arrived later is not loaded by it, and nobody may be told that it is."""
    times = [f"2026-11-20T1{hour}:00:00.000Z" for hour in range(3)]
    batches = [
        _batch(1, appended_at=times[0]),
        _batch(2, appended_at=times[1], counts={"globex": 5}),
        _batch(3, appended_at=times[2], counts={"acme": plan.MAX_ROWS}),
    ]
    choice = plan.choose(batches, tenant="acme", after=0)
    assert (choice.last_seq, choice.stopped_at) == (2, times[1])
    assert plan.choose(batches[:2], tenant="acme", after=0).stopped_at is None


def test_the_token_of_an_attempt_repeats_and_that_of_the_next_differs() -> None:
    """The first makes a lost reply harmless; the second lets a failed load be tried again."""
    assert a_load().token == a_load().token
    assert a_load().token != a_load(attempt=2).token
    assert len(a_load(attempt=999).token) <= 64
