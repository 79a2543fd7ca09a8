"""Permits on lease and tickets of a rate limit: whoever asks, is killed, or is overtaken."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.races import Races
from runtime.stores.pacing.turns import Turns
from runtime.stores.tables.table import Table
from tests.builders import TENANT
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.playing import StoreMachine, play

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE_S = 60
HOLDER = "whk_1"
OWNERS = st.sampled_from("abcdef")
LIMIT = RateLimit(count=3, per=Per.SECOND)


class Line:
    """A line to the table: it may lose an answer, or let somebody else in before a write."""

    def __init__(self, table: Table) -> None:
        self.client: Any = table.client
        self.before: Callable[[], object] | None = None
        self.loses_answer = False  # that of the next write

    def __getattr__(self, name: str) -> Any:
        """The client's own."""
        return getattr(self.client, name)

    def put_item(self, **call: Any) -> Any:
        """A write; a client that has lost its answer sends it again."""
        before, self.before = self.before, None
        if before is not None:
            before()
        answer = self.client.put_item(**call)
        lost, self.loses_answer = self.loses_answer, False
        return self.client.put_item(**call) if lost else answer


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the model knows of an owner."""

    permits: int
    until_s: float  # epoch seconds; from then on the permits are free


class Turn(StoreMachine):
    """Owners that share the permits of one endpoint, whose cap changes now and then."""

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.clock = FakeClock("2026-11-20T13:04:05.000Z")
        self.table = self.cloud.deliveries.table
        self.line = Line(self.table)
        self.turns = Turns(table=self.table, clock=self.clock)
        self.disturbed = Turns(
            table=Table(client=self.line, name=self.table.name),  # type: ignore[arg-type] # a stand-in
            clock=self.clock,
            races=Races(pause=lambda _s: None),
        )
        self.held: dict[str, Held] = {}
        self.tickets: Counter[int] = Counter()  # handed out, by the start of their window

    @rule(owner=OWNERS, wanted=st.integers(1, 6), cap=st.integers(1, 8))
    def permits_are_asked_for(self, owner: str, wanted: int, cap: int) -> None:
        """As many as are free, and not one more."""
        granted = self.turns.acquire(TENANT, HOLDER, owner=owner, wanted=wanted, cap=cap)

        self.are_granted(owner, granted, wanted=wanted, cap=cap)

    @rule(owner=OWNERS, wanted=st.integers(1, 6), cap=st.integers(1, 8))
    def the_answer_to_a_write_is_lost(self, owner: str, wanted: int, cap: int) -> None:
        """The owner has the permits already when it asks again, and does not wait for itself."""
        self.line.loses_answer = True
        granted = self.disturbed.acquire(TENANT, HOLDER, owner=owner, wanted=wanted, cap=cap)
        self.line.loses_answer = False

        self.are_granted(owner, granted, wanted=wanted, cap=cap)

    @rule(owner=OWNERS, other=OWNERS, wanted=st.integers(1, 6), cap=st.integers(1, 8))
    def somebody_else_is_faster(self, owner: str, other: str, wanted: int, cap: int) -> None:
        """What was free when it was read is gone when it is to be taken."""
        self.line.before = partial(self.permits_are_asked_for, other, wanted, cap)
        granted = self.disturbed.acquire(TENANT, HOLDER, owner=owner, wanted=wanted, cap=cap)
        self.line.before = None

        self.are_granted(owner, granted, wanted=wanted, cap=cap)

    @rule(owner=OWNERS)
    def permits_are_given_back(self, owner: str) -> None:
        """All of an owner's; for one that has none nothing happens."""
        assert self.turns.release(TENANT, HOLDER, owner=owner)
        self.held.pop(owner, None)

    @rule(count=st.integers(1, 7))
    def tickets_are_taken(self, count: int) -> None:
        """None is for a window that is past."""
        windows = self.turns.take(TENANT, HOLDER, LIMIT, count=count)

        assert count == len(windows)
        assert windows == sorted(windows)
        assert windows[0] + LIMIT.window_ms > self.clock().timestamp() * 1000
        self.tickets.update(windows)

    @rule(wait_s=st.sampled_from([0.25, 1, 5, 59, 60, 61]))
    def time_passes(self, wait_s: float) -> None:
        """Who still has permits after the lease was killed."""
        self.clock.advance(wait_s)

    @invariant()
    def no_window_has_more_than_its_share(self) -> None:
        """However the tickets were asked for."""
        assert max(self.tickets.values(), default=0) <= LIMIT.count

    def are_granted(self, owner: str, granted: int, *, wanted: int, cap: int) -> None:
        """Compare with the model, and remember them."""
        now_s = self.clock().timestamp()
        others = [held for name, held in self.held.items() if name != owner]
        taken = sum(held.permits for held in others if held.until_s > now_s)

        assert max(0, min(wanted, cap - taken)) == granted
        if granted:
            self.held[owner] = Held(permits=granted, until_s=now_s + LEASE_S)
        assert not granted or taken + granted <= cap


def test_permits_and_tickets_are_handed_out_once(account: Cloud) -> None:
    """Never more than the cap at a time, never more than the rate in a window, none is lost."""
    play(lambda: Turn(account), histories=50, steps=40)
