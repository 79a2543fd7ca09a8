"""One tenant's flood, and what another sends behind it."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core.events import bus_event
from runtime.core.json_text import dump
from runtime.core.pacing.noisy import LATE_AFTER_S, NOISY_FROM, Waiting
from runtime.errors import Transient
from runtime.usecases.pacing.give_way import GiveWay
from tests.builders import a_bus_event, an_envelope
from tests.doubles import Failing, FakeClock, Journal

BATCH = 10
TENANTS = ("acme", "globex", "initech")
DOWN = Transient("AWS does not answer", code="aws_unavailable")


class Line:
    """A queue that hands out what has stood in it longest, as SQS does without groups."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.messages: deque[Waiting] = deque()
        self.moved: list[str] = []  # the bodies of what has given way, in that order
        self.refuses: Sequence[int] = ()  # which of the next call it does not take, from 0

    def add(self, body: str, *, gave_way: bool = False, tries: int = 1) -> None:
        """Put a message at the end."""
        sent_at_ms = int(self._clock().timestamp() * 1000)
        self.messages.append(
            Waiting(body=body, sent_at_ms=sent_at_ms, tries=tries, gave_way=gave_way)
        )

    def put_last(self, bodies: Iterable[tuple[str, str]], /) -> list[bool]:
        """Put those at the end that it does not refuse."""
        refuses, self.refuses = self.refuses, ()
        taken = []
        for number, (tenant, body) in enumerate(bodies):
            assert tenant == bus_event.tenant_of(body)
            taken.append(number not in refuses)
            if taken[-1]:
                self.moved.append(body)
                self.add(body, gave_way=True)
        return taken

    def take(self) -> list[Waiting]:
        """The next batch."""
        return [self.messages.popleft() for _ in range(min(BATCH, len(self.messages)))]


class World:
    """A worker that takes what stands in a line, one batch after the other."""

    def __init__(self, *, several: bool = True) -> None:
        self.clock, self.journal = FakeClock(), Journal()
        self.line = Line(self.clock)
        self.give_way = GiveWay(
            backlog=self.line,
            tenant_of=bus_event.tenant_of,
            has_others=lambda: several,
            clock=self.clock,
            journal=self.journal,
        )
        self.worked: list[str] = []  # the bodies that the worker has worked on, in that order

    def send(self, tenant: str, *, count: int, word: str = "evt") -> None:
        """Let a tenant's events come by the bus."""
        for number in range(count):
            self.line.add(an_event(tenant, f"{word}_{number}"))

    def batch(self) -> None:
        """Work on the next batch."""
        batch = self.line.take()
        gone = self.give_way(batch)
        self.worked += [
            each.body for each, gave_way in zip(batch, gone, strict=True) if not gave_way
        ]

    def work_off(self) -> int:
        """Work until nothing is left; returns how many batches it took."""
        batches, most = 0, 2 * len(self.line.messages) // BATCH + 2
        while self.line.messages:
            self.batch()
            batches += 1
            assert batches <= most, "messages go round for ever"
        return batches


def an_event(tenant: str, event_id: str) -> str:
    """A message of the bus."""
    return dump(a_bus_event(an_envelope(id=event_id, tenant=tenant)))


def test_what_a_quiet_tenant_sends_goes_before_most_of_a_flood_that_stands_before_it() -> None:
    """Only what a worker needs to see whose flood it is goes first."""
    world = World()
    world.send("acme", count=1_000)
    world.send("globex", count=1)
    world.clock.advance(LATE_AFTER_S + 1)

    world.work_off()

    assert NOISY_FROM > world.worked.index(an_event("globex", "evt_0"))
    assert 1_001 == len(set(world.worked)) == len(world.worked)
    assert 1_000 - (NOISY_FROM - BATCH) == len(world.line.moved)


def test_without_a_backlog_nobody_gives_way() -> None:
    """A queue is no line while its messages are taken as they come, however many they are."""
    world = World()
    world.send("acme", count=1_000)
    world.clock.advance(LATE_AFTER_S)

    assert 100 == world.work_off()
    assert [] == world.line.moved


def test_where_there_is_one_tenant_nobody_gives_way() -> None:
    """To whom? It would only be slower."""
    world = World(several=False)
    world.send("acme", count=1_000)
    world.clock.advance(60)

    assert 100 == world.work_off()
    assert [] == world.line.moved


def test_a_message_gives_way_once() -> None:
    """Else two floods might send each other back for ever, and neither would be matched."""
    world = World()
    for tenant in ("acme", "globex"):
        world.send(tenant, count=300)
    world.clock.advance(60)
    while world.line.messages:
        world.batch()
        world.clock.advance(1)  # what has given way is late again by the time that it comes

    assert 600 == len(set(world.worked)) == len(world.worked)
    assert {"acme", "globex"} == {bus_event.tenant_of(body) for body in world.line.moved}
    assert 1 == max(Counter(world.line.moved).values())


def test_a_flood_stays_known_while_what_gave_way_comes_back() -> None:
    """What is new of it goes behind that, too."""
    world = World()
    for number in range(NOISY_FROM):
        world.line.add(an_event("acme", f"evt_{number}"), gave_way=True)
    world.send("acme", count=1, word="new")
    world.clock.advance(60)

    world.work_off()

    assert [an_event("acme", "new_0")] == world.line.moved


def test_a_tenant_is_quiet_again_a_minute_after_its_flood() -> None:
    """One late message then is no flood."""
    world = World()
    world.send("acme", count=100)
    world.clock.advance(60)
    world.work_off()
    moved = len(world.line.moved)
    assert moved > 0

    world.clock.advance(61)
    world.send("acme", count=1, word="late")
    world.clock.advance(10)
    world.work_off()

    assert moved == len(world.line.moved)


def test_a_message_that_has_failed_stays() -> None:
    """It has waited for its own sake, and an hour of failures is no reason to wait again."""
    world = World()
    for number in range(100):
        world.line.add(an_event("acme", f"evt_{number}"), tries=2)
    world.clock.advance(60)

    world.work_off()

    assert [] == world.line.moved


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"detail": 5}', '{"detail": {"tenant": "?"}}'])
def test_what_cannot_be_read_stays(body: str) -> None:
    """It is parked by whoever matches, with the reason."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.line.add(body)
    world.clock.advance(60)

    world.work_off()

    assert body in world.worked
    assert body not in world.line.moved


def test_a_batch_that_gives_way_leaves_a_line_and_a_number() -> None:
    """So an admin sees that there was a flood, and whose."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.clock.advance(60)

    world.work_off()

    assert [
        {"message": "events.gave_way", "tenants": ["acme"], "measures": {"gave_way": BATCH}}
    ] == world.journal.lines


def test_what_the_queue_does_not_take_is_worked_on_now() -> None:
    """So nothing is lost, and nothing is there twice."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.clock.advance(60)
    world.line.refuses = (0, 3)

    world.work_off()

    assert NOISY_FROM == len(set(world.worked)) == len(world.worked)
    assert BATCH - 2 == len(world.line.moved)


@pytest.mark.parametrize("at", ["the queue", "the list of tenants"])
def test_a_fault_is_told_to_the_caller_who_works_on_all(at: str) -> None:
    """Nothing of the batch has been decided then."""
    world = World()
    world.send("acme", count=NOISY_FROM)
    world.clock.advance(60)
    if at == "the queue":
        world.line.put_last = Failing(world.line.put_last, DOWN)  # type: ignore[method-assign]
    else:
        world.give_way.has_others = Failing(lambda: True, DOWN)
    for _ in range(2):
        world.batch()

    with pytest.raises(Transient, match="AWS does not answer"):
        world.batch()
    assert [] == world.line.moved


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(TENANTS), st.integers(0, 60), st.integers(0, 9)), max_size=12
    ),
    st.lists(st.integers(0, BATCH), max_size=3),
)
def test_each_message_is_worked_on_once_whoever_gives_way(
    story: list[tuple[str, int, int]], refuses: list[int]
) -> None:
    """Whatever comes when, however late the worker is, and whatever the queue does not take."""
    world, sent = World(), Counter[str]()
    for number, (tenant, count, batches) in enumerate(story):
        world.send(tenant, count=count, word=f"evt{number}")
        sent[tenant] += count
        world.clock.advance(2)
        world.line.refuses = refuses
        for _ in range(batches):
            world.batch()
    world.work_off()

    assert sent.total() == len(set(world.worked)) == len(world.worked)
    quiet = {tenant for tenant, count in sent.items() if count < NOISY_FROM}
    assert not quiet & {bus_event.tenant_of(body) for body in world.line.moved}
