"""Leases of syncs and of due records: who overlaps, is killed, and comes late."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule

from runtime.core.deliveries.delivery import Delivery
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.errors import Transient
from runtime.stores.warehouse.ledger import Ledger
from tests.builders import NOW, NOW_MS, TENANT, a_delivery
from tests.cloud import Cloud
from tests.machines.playing import StoreMachine, play

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE_MS = 1_000
SYNC = "syn_1"
WAITS_MS = st.sampled_from([1, 500, LEASE_MS, LEASE_MS + 1])


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """What the model knows of a sync."""

    fence: int = 0  # of the last planner
    lease_ends_ms: int = -1  # until then, this moment included, nobody else plans
    seq: int | None = None  # the last batch that is loaded, or that the sync begins behind
    load: Load | None = None  # the load that is open


class Planners(StoreMachine):
    """Planners of one sync."""

    leases = Bundle("leases")

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.ledger = Ledger(table=self.cloud.table("ledger", sort="sk"))
        self.now_ms = NOW_MS
        self.cursor = Cursor()
        self.loads: dict[str, Load] = {}

    @rule(target=leases)
    def a_planner_begins(self) -> object:
        """It is the only one, and finds what the one before it has left."""
        if self.cursor.lease_ends_ms >= self.now_ms:
            with pytest.raises(Transient) as refusal:
                self.acquire()
            assert refusal.value.code == "sync_busy"
            return multiple()
        lease = self.acquire()
        fence = self.cursor.fence + 1
        self.cursor = replace(self.cursor, fence=fence, lease_ends_ms=self.now_ms + LEASE_MS)
        assert lease == Lease(
            tenant=TENANT,
            sync_id=SYNC,
            fence=fence,
            seq=self.cursor.seq,
            load=self.cursor.load,
        )
        return lease

    @rule(lease=leases, number=st.integers(1, 3), state=st.sampled_from(LoadState))
    def a_load_gets_on(self, lease: Lease, number: int, state: LoadState) -> None:
        """One planner opens loads and saves how far they are; one who was overtaken cannot."""
        record = self.a_load(number, state)
        if self.refused(lease, lambda: self.ledger.save(lease, record)):
            return
        self.loads[record.load_id] = record
        self.cursor = replace(self.cursor, load=record)

    @rule(lease=leases, number=st.integers(1, 3))
    def a_load_is_closed(self, lease: Lease, number: int) -> None:
        """Its batches are behind the cursor with the same write."""
        record = self.a_load(number, LoadState.LOADED)
        if self.refused(lease, lambda: self.ledger.finish(lease, record)):
            return
        self.loads[record.load_id] = record
        self.cursor = replace(self.cursor, load=None, seq=record.last_seq)

    @rule(lease=leases)
    def the_cursor_moves_without_a_load(self, lease: Lease) -> None:
        """A planner chooses where to begin, or passes by batches that have no row for the sync."""
        seq = (self.cursor.seq or 0) + 1
        if not self.refused(lease, lambda: self.ledger.advance(lease, seq=seq)):
            self.cursor = replace(self.cursor, seq=seq)

    @rule(lease=leases)
    def a_planner_ends(self, lease: Lease) -> None:
        """The next one may begin at once; one who was overtaken lets nobody in."""
        self.ledger.release(lease)
        if lease.fence == self.cursor.fence:
            self.cursor = replace(self.cursor, lease_ends_ms=0)

    @rule(wait_ms=WAITS_MS)
    def time_passes(self, wait_ms: int) -> None:
        """Whoever was killed is followed by another when the lease is over."""
        self.now_ms += wait_ms

    @rule()
    def somebody_reads_the_loads(self) -> None:
        """What a planner writes that was overtaken is nowhere to be read."""
        runs = self.ledger.runs(TENANT, SYNC).items
        assert self.loads == {record.load_id: record for record in runs}

    def teardown(self) -> None:
        """Read them once more."""
        self.somebody_reads_the_loads()
        super().teardown()

    def acquire(self) -> Lease:
        """Ask for the lease now."""
        return self.ledger.acquire(TENANT, SYNC, now_ms=self.now_ms, lease_ms=LEASE_MS)

    def refused(self, lease: Lease, write: "Callable[[], None]") -> bool:
        """Write; whether that was refused, which is so for whoever was overtaken."""
        if lease.fence == self.cursor.fence:
            write()
            return False
        with pytest.raises(Transient) as refusal:
            write()
        assert refusal.value.code == "lease_lost"
        return True

    def a_load(self, number: int, state: LoadState) -> Load:
        """A load of three batches behind those that are loaded."""
        return Load(
            tenant=TENANT,
            sync_id=SYNC,
            load_id=f"load-{number}",
            trigger="schedule",
            first_seq=(self.cursor.seq or 0) + 1,
            last_seq=(self.cursor.seq or 0) + 3,
            state=state,
            versions="1.1",
            started_at=NOW,
        )


class Look(NamedTuple):
    """A due record as a sweep has read it."""

    record: Delivery


class Sweeps(StoreMachine):
    """Sweeps that read a due delivery, and lease it now or later."""

    looks = Bundle("looks")

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.deliveries = self.cloud.deliveries
        self.now_ms = NOW_MS
        self.due_ms: int | None = NOW_MS
        self.delivery = a_delivery(id="dlv_1", due_at_ms=NOW_MS)
        self.deliveries.add(self.delivery)
        self.leased: set[int] = set()  # due times by which somebody has leased it

    @rule(target=looks)
    def a_sweep_looks(self) -> Look:
        """It reads what is there."""
        record = self.deliveries.find(self.delivery.id)
        assert record is not None
        return Look(record)

    @rule(look=looks)
    def a_sweep_leases_what_it_has_seen(self, look: Look) -> None:
        """Of all who have seen the same due time, the first has the lease."""
        until_ms = self.now_ms + LEASE_MS
        won = self.deliveries.lease(look.record, until_ms=until_ms)

        seen_ms = look.record.due_at_ms
        assert won == (seen_ms is not None and seen_ms == self.due_ms)
        if won and seen_ms is not None and seen_ms != until_ms:
            assert seen_ms not in self.leased
            self.leased.add(seen_ms)
            self.due_ms = until_ms

    @rule(wait_ms=WAITS_MS)
    def time_passes(self, wait_ms: int) -> None:
        """A hint that was lost after the lease is sent again when it ends."""
        self.now_ms += wait_ms

    @invariant()
    def it_stays_due(self) -> None:
        """Whatever a sweep does, and wherever it is killed."""
        record = self.deliveries.find(self.delivery.id)
        assert record is not None
        assert record.due_at_ms == self.due_ms


def test_one_planner_at_a_time_and_none_that_was_overtaken_writes(account: Cloud) -> None:
    """The fence grows with each, so that a late one can be told from the present one."""
    play(lambda: Planners(account), histories=30, steps=25)


def test_one_sweep_has_what_several_have_seen(account: Cloud) -> None:
    """And a record that was leased is due again, or a lost hint would lose a delivery."""
    play(lambda: Sweeps(account), histories=25, steps=20)
