"""One tenant's flood, and what another sends behind it."""

from collections import Counter, deque
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core.events import bus_event
from runtime.core.events.bus_event import Arrived
from runtime.core.json_text import dump
from runtime.core.pacing.noisy import LATE_AFTER_S, NOISY_FROM
from runtime.errors import Transient
from runtime.usecases.matching.fan_out import FanOut
from runtime.usecases.matching.give_way import GiveWay
from tests.builders import NOW, a_bus_event, a_webhook, an_envelope
from tests.doubles import (
    Failing,
    FakeClock,
    Journal,
    MemoryErasures,
    MemoryEvents,
    MemoryWebhooks,
)
from tests.virtual_queue import VirtualQueue

BATCH = 10
TENANTS = ("acme", "globex", "initech")


class Line:
    """A queue that hands out what has stood in it longest, as SQS does without groups."""

    def __init__(self) -> None:
        self.texts: deque[str] = deque()
        self.groups: list[str] = []  # of what has given way, in its order

    def put_last(self, messages: Iterable[tuple[str, str]], /) -> None:
        """Put them at the end."""
        for tenant, text in messages:
            self.groups.append(tenant)
            self.texts.append(text)

    def take(self) -> list[str]:
        """The next batch."""
        return [self.texts.popleft() for _ in range(min(BATCH, len(self.texts)))]


class World:
    """A worker that matches what stands in a line, one batch after the other."""

    def __init__(self, *, several: bool = True) -> None:
        self.clock, self.journal, self.line = FakeClock(), Journal(), Line()
        self.several = several
        self.give_way = GiveWay(
            backlog=self.line,
            has_others=lambda: self.several,
            clock=self.clock,
            journal=self.journal,
        )
        self.events = MemoryEvents()
        self.fan_out = FanOut(
            events=self.events,
            subscriptions=MemoryWebhooks(
                *(a_webhook(id=f"whk_{tenant}", tenant=tenant) for tenant in TENANTS)
            ),
            deliver=VirtualQueue(self.clock),
            run=VirtualQueue(self.clock),
            erasures=MemoryErasures(),
            clock=self.clock,
            journal=self.journal,
            give_way=self.give_way,
        )

    def send(self, tenant: str, *, count: int, word: str = "evt") -> None:
        """Let these events of a tenant come by the bus now."""
        now = self.clock().isoformat(timespec="seconds").replace("+00:00", "Z")
        self.line.texts += [
            dump(a_bus_event(an_envelope(id=f"{word}_{number}", tenant=tenant), time=now))
            for number in range(count)
        ]

    def batch(self) -> None:
        """Work on the next batch."""
        batch = self.line.take()
        assert [None] * len(batch) == self.fan_out(batch)

    def work_off(self) -> int:
        """Work until nothing is left; returns how many batches it took."""
        batches = 0
        while self.line.texts:
            self.batch()
            batches += 1
        return batches

    @property
    def matched(self) -> list[tuple[str, str]]:
        """The tenant and the id of each event that was matched, in that order."""
        sent: VirtualQueue = self.fan_out.deliver  # type: ignore[assignment,type-arg]
        return [(message.tenant, message.event_id) for message, _ in sent.sent]


def test_what_a_quiet_tenant_sends_is_matched_before_most_of_a_flood_that_stands_before_it() -> (
    None
):
    """Only what a worker needs to see whose flood it is goes first."""
    world = World()
    world.send("acme", count=1_000)
    world.send("globex", count=1)
    world.clock.advance(LATE_AFTER_S + 1)

    world.work_off()

    assert NOISY_FROM > world.matched.index(("globex", "evt_0"))
    assert 1_001 == len(set(world.matched)) == len(world.matched)
    assert {"acme"} == set(world.line.groups)


def test_without_a_backlog_nobody_gives_way() -> None:
    """A queue is no line while its events are matched as they come, however many they are."""
    world = World()
    world.send("acme", count=1_000)
    world.clock.advance(LATE_AFTER_S - 1)

    assert 100 == world.work_off()
    assert [] == world.line.groups


def test_where_there_is_one_tenant_nobody_gives_way() -> None:
    """To whom? It would only be slower."""
    world = World(several=False)
    world.send("acme", count=1_000)
    world.clock.advance(60)

    assert 100 == world.work_off()
    assert [] == world.line.groups


def test_an_event_gives_way_once() -> None:
    """Else two floods might send each other back for ever, and none would be matched."""
    world = World()
    for tenant in ("acme", "globex"):
        world.send(tenant, count=300)
    world.clock.advance(60)

    world.work_off()

    assert 600 == len(set(world.matched))
    assert max(Counter(world.line.groups).values()) <= 300


def test_a_replay_of_the_archive_gives_way_to_what_is_new() -> None:
    """Nobody waits for it, and an archive may hold months."""
    world = World()
    texts = [
        dump(a_bus_event(an_envelope(id=f"evt_{number}")) | {"replay-name": "again"})
        for number in range(50)
    ]
    world.line.texts += texts
    world.send("globex", count=5)

    world.work_off()

    assert max(world.matched.index(("globex", f"evt_{number}")) for number in range(5)) < 40
    assert 55 == len(set(world.matched))


def test_a_batch_that_gives_way_leaves_a_line_and_a_number() -> None:
    """So an admin sees that there was a flood, and whose."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.clock.advance(60)

    world.work_off()

    assert [
        {"message": "events.gave_way", "tenants": ["acme"], "measures": {"gave_way": BATCH}}
    ] == world.journal.lines


def test_when_the_queue_does_not_take_them_the_batch_comes_again() -> None:
    """Nothing of it was done, so nothing of it is lost."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.clock.advance(60)
    down = Transient("SQS does not answer", code="aws_unavailable")
    world.line.put_last = Failing(world.line.put_last, down)  # type: ignore[method-assign]
    for _ in range(2):
        world.batch()
    last = world.line.take()

    assert [down] * BATCH == world.fan_out(last)
    assert [None] * BATCH == world.fan_out(last)  # now the queue takes them
    world.work_off()
    assert NOISY_FROM == len(set(world.matched))


def test_a_worker_that_cannot_ask_whether_there_are_others_lets_the_batch_come_again() -> None:
    """As whenever the table does not answer."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.clock.advance(60)
    down = Transient("the table does not answer", code="aws_unavailable")
    world.give_way.has_others = Failing(lambda: True, down)
    for _ in range(2):
        world.batch()
    last = world.line.take()

    assert [down] * BATCH == world.fan_out(last)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(TENANTS), st.integers(0, 60), st.integers(0, 9)), max_size=12
    )
)
def test_each_event_is_matched_once_whoever_gives_way(
    story: list[tuple[str, int, int]],
) -> None:
    """Whatever comes when, and however late the worker is."""
    world, sent = World(), Counter[str]()
    for number, (tenant, count, batches) in enumerate(story):
        world.send(tenant, count=count, word=f"evt{number}")
        sent[tenant] += count
        world.clock.advance(2)
        for _ in range(batches):
            world.batch()
    world.work_off()

    assert sent.total() == len(set(world.matched)) == len(world.matched)
    quiet = {tenant for tenant, count in sent.items() if count < NOISY_FROM}
    assert not quiet & set(world.line.groups)


@pytest.mark.parametrize("gave_way", [False, True])
def test_a_late_event_counts_whether_it_has_given_way_or_not(*, gave_way: bool) -> None:
    """So a flood stays known while its first half comes back."""
    world = World()
    world.send("acme", count=NOISY_FROM + 1)
    world.clock.advance(60)
    arrivals = [bus_event.parse_arrived(text, now=NOW) for text in world.line.texts]
    first = [_marked(each) if gave_way else each for each in arrivals[:-1]]
    for at in range(0, NOISY_FROM, BATCH):
        world.give_way(first[at : at + BATCH])

    assert [True] == world.give_way(arrivals[-1:])


def _marked(arrived: Arrived) -> Arrived:
    return bus_event.parse_arrived(bus_event.giving_way(arrived), now=NOW)
