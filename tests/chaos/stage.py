"""The whole way of an event under one seed: match queue, fanout, deliver queue, deliver, sweep."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Protocol, TypeVar

from runtime.core.deliveries import messages
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import Permanent, Transient
from runtime.races import Races
from runtime.stores.queues import Hints, Queue
from runtime.usecases.deliveries.courier import Courier, Sender
from runtime.usecases.deliveries.deliver_attempt import DeliverAttempts
from runtime.usecases.loop import Loop
from runtime.usecases.matching.fan_out import FanOut
from runtime.usecases.pacing.admit_deliveries import AdmitDeliveries
from runtime.usecases.pacing.tend_endpoints import TendEndpoints
from runtime.usecases.sweep import GRACE_S, Sweep
from tests.chaos import events, receivers
from tests.chaos.checker import Evidence
from tests.chaos.clocks import Clocks
from tests.chaos.faults import Faults, KilledError
from tests.chaos.queues import VISIBILITY_S, RestlessQueue, Sqs
from tests.chaos.receivers import Perilous, Receivers
from tests.chaos.stores import InMemory, Stores
from tests.doubles import Journal, MemoryBus, MemoryErasures
from tests.vectors import SECRET_A

MAX_ROUNDS: Final = 5_000  # and so many more for each event
ROUNDS_EACH: Final = 50
SWEEP_EVERY_S: Final = 60  # as the template schedules it
OUTAGES: Final = 0.01
OUTAGES_S: Final = (600.0, 7200.0)
T = TypeVar("T")


class OneThread(Loop):
    """Does blocking work where it stands: with one thread a seed always plays the same."""

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do it now."""
        return work()

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Do it now, too."""
        done: Future[T] = Future()
        try:
            done.set_result(work())
        except BaseException as problem:  # noqa: BLE001 - also a kill: it is told to who asks
            done.set_exception(problem)
        return done


class MakeStores(Protocol):
    """Makes the stores of a run."""

    def __call__(self, webhooks: Sequence[Webhook], clocks: Clocks, faults: Faults, /) -> Stores:
        """With these webhooks in it."""


@dataclass(kw_only=True)
class Setting:
    """What a run is to be like; `base` is where the receivers are."""

    seed: int
    events: int
    kill_rate: float = 0.005
    fail_rate: float = 0.015
    make_stores: MakeStores = InMemory
    base: str = "https://receivers.example.com"
    make_loop: Callable[[], Loop] = OneThread


@dataclass(kw_only=True)
class Process:
    """The three workers as one process has built them."""

    fan_out: FanOut
    deliver: DeliverAttempts
    sweeps: Sequence[Callable[[], int]]


class Stage:
    """Everything that survives a worker, and the workers one after the other."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.dice = random.Random(setting.seed)  # noqa: S311 - to be had again by its seed
        self.faults = Faults(
            dice=self.dice, kill_rate=setting.kill_rate, fail_rate=setting.fail_rate
        )
        self.clocks = Clocks(dice=self.dice)
        self.receivers = Receivers(
            seed=setting.seed, clock=self.clocks.workers, opened_s=self.clocks.monotonic()
        )
        self.sender: Callable[[], Sender] = lambda: receivers.InMemory(self.receivers, self.dice)
        hooks = receivers.webhooks(events.topics_of(), base=setting.base)
        self.stores = setting.make_stores(hooks, self.clocks, self.faults)
        self.match = RestlessQueue(self.clocks.true, self.dice)
        self.deliver = RestlessQueue(self.clocks.true, self.dice)
        self.bus = MemoryBus()
        self.parked: list[str] = []
        self._sweep_at_s = 0.0
        self._owners = count(1)
        self._process: Process | None = None

    def run(self) -> Evidence:
        """Until nothing waits any more; what is left behind."""
        for body in events.bodies(self.setting.events):
            self.match.put_back(body, after_s=0)
        for _ in range(MAX_ROUNDS + ROUNDS_EACH * self.setting.events):
            self.clocks.maybe_jump()
            if not self._work() and self._is_done():
                break
        else:
            raise AssertionError("it never ends")
        self._end()
        event_keys = events.event_keys(self.setting.events)
        assert set(event_keys) == self.stores.kept(event_keys)
        return Evidence(
            expected=events.expected(self.setting.events),
            records=self.stores.records(),
            posts=self.receivers.log,
            writes=self.stores.commits.writes,
            faults=self.faults.log,
        )

    def _work(self) -> bool:
        """One batch of one worker, or a sweep and on to the next; False when no batch was there."""
        queues = [self.match, self.deliver]
        self.dice.shuffle(queues)
        for queue in queues:
            batch = queue.take()
            if batch:
                self._live(queue, batch)
                return True
        if self.clocks.monotonic() >= self._sweep_at_s:
            self._sweep_at_s = self.clocks.monotonic() + SWEEP_EVERY_S
            self._sweep()
        self._move_on()
        return False

    def _live(self, queue: RestlessQueue, batch: Sequence[str]) -> None:
        """A batch that its worker may die of; what it did not settle comes again."""
        process = self._begin("fanout" if queue is self.match else "deliver")
        try:
            if queue is self.match:
                problems = process.fan_out(batch)
            else:
                problems = process.deliver.deliver_all(list(map(messages.parse_deliver, batch)))
        except KilledError:
            self._end()
            problems = [Transient("killed")] * len(batch)
        for body, problem in zip(batch, problems, strict=True):
            if isinstance(problem, Permanent):
                self.parked.append(body)
            elif problem is not None:
                queue.put_back(body, after_s=VISIBILITY_S)

    def _sweep(self) -> None:
        """One sweep of each kind, which may die of it; the schedule starts the next."""
        for number in range(2):
            sweep = self._begin("sweep").sweeps[number]
            try:
                sweep()
            except KilledError:
                self._end()
            except Transient:
                continue

    def _move_on(self) -> None:
        """To where something happens, or an outage further."""
        times_s = [at.timestamp() for at in (self.match.next_at, self.deliver.next_at) if at]
        waits_s = [at_s - self.clocks.monotonic() for at_s in times_s]
        if self.stores.commits.due_ms:
            due_s = min(self.stores.commits.due_ms.values()) / 1000
            overdue_s = due_s + GRACE_S + 1 - self.clocks.workers().timestamp()
            waits_s.append(max(overdue_s, self._sweep_at_s - self.clocks.monotonic()))
        outage_s = self.dice.choice(OUTAGES_S) if self.dice.random() < OUTAGES else 0.0
        self.clocks.true.advance(max(1.0, min(waits_s, default=1.0)) + outage_s)

    def _is_done(self) -> bool:
        waiting = (self.match.next_at, self.deliver.next_at)
        return waiting == (None, None) and not self.stores.commits.due_ms

    def _begin(self, worker: str) -> Process:
        self.faults.begin(worker)
        if self._process is None:
            self._process = self._build()
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.deliver.close()
        self._process = None

    def _build(self) -> Process:
        """A new process: with nothing but what the stores and the queues hold."""
        stores, clock = self.stores.open(), self.clocks.workers
        sqs: Any = Sqs({"match": self.match, "deliver": self.deliver}, self.faults)
        hints = Hints(queue=Queue(client=sqs, url="deliver"))
        tend = TendEndpoints(
            endpoints=stores.endpoints,
            webhooks=stores.webhooks,
            bus=self.bus,
            clock=clock,
            journal=Journal(),
            races=Races(pause=lambda _s: None),
        )
        sweep: Sweep[Any, messages.DeliverMessage] = Sweep(
            records=stores.deliveries,
            hints=hints,
            hint_of=delivery_hint,
            is_hinted=lambda delivery: delivery.hinted,
            shards=stores.shards,
            clock=clock,
        )
        deliver = DeliverAttempts(
            deliveries=stores.deliveries,
            erasures=MemoryErasures(),
            webhooks=stores.webhooks,
            known_webhooks=stores.known_webhooks,
            hints=hints,
            courier=Courier(
                sender=Perilous(self.sender(), self.faults), open_secret=lambda *_: SECRET_A
            ),
            admit=AdmitDeliveries(
                endpoints=stores.endpoints,
                turns=stores.turns,
                clock=clock,
                dice=self.dice.random,
                new_owner=lambda: f"batch {next(self._owners)}",
            ),
            endpoints=tend,
            clock=clock,
            dice=self.dice.random,
            journal=Journal(),
            _loop=self.setting.make_loop(),
        )
        fan_out = FanOut(
            events=stores.events,
            subscriptions=stores.subscriptions,
            deliver=hints,
            run=hints,
            erasures=MemoryErasures(),
            clock=clock,
            journal=Journal(),
        )
        return Process(fan_out=fan_out, deliver=deliver, sweeps=(sweep, tend.sweep))
