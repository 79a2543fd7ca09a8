"""Functions that fail, are mended, and run again: everything in memory but what decides.

Its sandbox runs two versions. The first fails on every event. The second adds the event's value to
its profile and emits; for a webhook it makes the payload. A worker may be killed at each of its
calls, and a message may come twice.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.functions import run_plan
from runtime.core.functions.hints import is_hinted, run_hint
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Run
from runtime.core.json_text import dump
from runtime.core.pacing import message_lease
from runtime.core.replays.replay import Kind, Replay, ReplayState
from runtime.core.timestamps import timestamp
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.deliveries.courier import Courier
from runtime.usecases.deliveries.deliver_attempt import DeliverAttempts
from runtime.usecases.deliveries.replay_page import ReplayPage
from runtime.usecases.deliveries.retry_delivery import RetryDelivery
from runtime.usecases.deliveries.start_replay import StartReplay
from runtime.usecases.functions.apply_run import ApplyRun
from runtime.usecases.functions.replay_page import ReplayRunsPage
from runtime.usecases.functions.rerun_transforms import RerunTransforms
from runtime.usecases.functions.retry_run import RetryRun
from runtime.usecases.functions.run_again import RunAgain
from runtime.usecases.functions.run_function import RunFunctions
from runtime.usecases.functions.start_replay import StartRunReplay
from runtime.usecases.jobs.work_off import WorkOff
from runtime.usecases.pacing.admit_runs import AdmitRuns
from runtime.usecases.replays.cancel_replay import CancelReplay
from runtime.usecases.sweep import Sweep
from tests.builders import TENANT, a_function, a_webhook, an_event
from tests.chaos.faults import Faults, KilledError
from tests.chaos.stage import OneThread
from tests.delivery_world import admission
from tests.doubles import (
    FakeClock,
    Journal,
    MemoryBus,
    MemoryDeliveries,
    MemoryEndpoints,
    MemoryErasures,
    MemoryTurns,
    MemoryWebhooks,
)
from tests.rerun_parts import Nobody, Nowhere, Perilous, Receiver, TwoVersions
from tests.run_doubles import (
    MemoryEvents,
    MemoryFunctions,
    MemoryPeople,
    MemoryReplays,
    MemoryRuns,
)
from tests.vectors import SECRET_A
from tests.virtual_queue import VirtualQueue

FUNCTION: Final = "spending"
PEOPLE: Final = 7
WEBHOOK: Final = "whk_1"
VISIBILITY_S: Final = message_lease.LEASE_S  # of a message whose worker was killed
SWEEP_EVERY_S: Final = 60
MAX_ROUNDS: Final = 50_000


class RerunWorld:
    """All that survives a worker, and the workers, which are made anew for each batch."""

    def __init__(
        self, *, seed: int = 0, kill_rate: float = 0.0, fail_rate: float = 0.0, repeats: float = 0.0
    ) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - to be had again by its seed
        self.faults = Faults(dice=self.dice, kill_rate=kill_rate, fail_rate=fail_rate)
        self.repeats = repeats  # the chance that a message comes again all the same
        self.clock = FakeClock()
        self.runs, self.events, self.replays = MemoryRuns(), MemoryEvents(), MemoryReplays()
        self.deliveries, self.bus = MemoryDeliveries(), MemoryBus()
        self.functions = MemoryFunctions(a_function(name=FUNCTION, latest_version=2))
        self.webhooks = MemoryWebhooks(a_webhook(transform=FUNCTION))
        self.health, self.turns = MemoryEndpoints(), MemoryTurns(self.clock)
        self.run_queue: VirtualQueue[RunMessage] = VirtualQueue(self.clock)
        self.deliver_queue: VirtualQueue[DeliverMessage] = VirtualQueue(self.clock)
        self.sandbox, self.receiver = TwoVersions(), Receiver(self.faults)
        self._sweep_at_s = 0.0
        self._owners = count(1)

    # --- what a tenant does

    def land(self, number: int, *, webhook_id: str | None = None, first: int = 1) -> list[Event]:
        """So many events land, are kept, and want their runs."""
        events = [
            an_event(
                id=f"evt_{n}",
                profile=ProfileRef(external_id=f"customer-{n % PEOPLE}"),
                properties={"value": n},
            )
            for n in range(first, first + number)
        ]
        self.events.put(events)
        self.run_queue.send(
            RunMessage(
                tenant=TENANT,
                run_id=ids.run_id(TENANT, event.id, webhook_id or FUNCTION),
                function=FUNCTION,
                event=event.to_json(),
                webhook_id=webhook_id,
            )
            for event in events
        )
        return events

    def publish(self, version: int) -> None:
        """Make a version live."""
        known = self.functions.function
        assert known is not None
        self.functions.function = replace(known, live_version=version)

    def change(self, **changes: Any) -> None:
        """Change the function."""
        known = self.functions.function
        assert known is not None
        self.functions.function = replace(known, **changes)

    @property
    def retry_run(self) -> RetryRun:
        """What runs one run again."""
        return RetryRun(runs=self.runs, functions=self.functions, run_again=self._run_again())

    @property
    def retry_delivery(self) -> RetryDelivery:
        """What sends one delivery again."""
        return RetryDelivery(
            deliveries=self.deliveries,
            webhooks=self.webhooks,
            hints=self.deliver_queue,
            retry_run=self.retry_run,
            clock=self.clock,
        )

    @property
    def replay_runs(self) -> StartRunReplay:
        """What starts a replay of runs."""
        return StartRunReplay(
            replays=self.replays,
            functions=self.functions,
            new_id=lambda kind: f"{kind}_{len(self.replays.by_id) + 1}",
            clock=self.clock,
        )

    @property
    def replay_deliveries(self) -> StartReplay:
        """What starts a replay of deliveries."""
        return StartReplay(
            replays=self.replays,
            webhooks=self.webhooks,
            new_id=lambda kind: f"{kind}_{len(self.replays.by_id) + 1}",
            clock=self.clock,
        )

    @property
    def cancel(self) -> CancelReplay:
        """What stops a replay."""
        return CancelReplay(replays=self.replays, clock=self.clock)

    # --- what happens then

    def settle(self) -> None:
        """Work until nothing waits any more."""
        for _ in range(MAX_ROUNDS):
            if not self.work() and self._is_done():
                return
        raise AssertionError("it never ends")

    def work(self) -> bool:
        """One batch of one queue, or a sweep and on to the next; False when no batch was there."""
        workers: list[tuple[VirtualQueue[Any], Callable[[list[Any]], Sequence[object]]]] = [
            (self.run_queue, self._run),
            (self.deliver_queue, self._deliver),
        ]
        self.dice.shuffle(workers)
        for queue, worker in workers:
            batch = queue.take()
            if batch:
                self._live(queue, batch, worker)
                return True
        if self.clock().timestamp() >= self._sweep_at_s:
            self._sweep_at_s = self.clock().timestamp() + SWEEP_EVERY_S
            self.sweep()
        self._move_on()
        return False

    def sweep(self) -> None:
        """The chores of a minute, each of which its worker may die of."""
        for chore in (self._sweep_runs, self._sweep_deliveries, self.work_replays()):
            self.faults.begin("sweep")
            try:
                chore()
            except (KilledError, Transient):
                continue

    def work_replays(self, **changes: Any) -> WorkOff[Any]:
        """The chore that works through replays."""
        deliveries = ReplayPage(
            deliveries=self._perilous(self.deliveries),
            hints=self._perilous(self.deliver_queue),
            rerun_transforms=RerunTransforms(
                runs=self._perilous(self.runs), run_again=self._run_again()
            ),
            clock=self.clock,
        )
        runs = ReplayRunsPage(
            runs=self._perilous(self.runs),
            functions=self.functions,
            run_again=self._run_again(),
            clock=self.clock,
        )
        parts: dict[str, Any] = {
            "store": self._perilous(self.replays),
            "budget_s": 20,
            "steps": {Kind.DELIVERIES: deliveries, Kind.RUNS: runs},
            "clock": self.clock,
        }
        return WorkOff(**parts | changes)

    def job(self, replay: Replay) -> Replay:
        """The job as it stands."""
        return self.replays.by_id[replay.id]

    def run_of(self, event: Event, *, webhook_id: str | None = None) -> Run:
        """The run of an event as it stands."""
        return self.runs.by_id[ids.run_id(TENANT, event.id, webhook_id or FUNCTION)]

    @property
    def spent(self) -> dict[str, int]:
        """What each customer has spent, as the profiles say."""
        people = self.runs.profiles.values()
        return {person.external_id or "": person.properties["spent"] for person in people}

    # --- the workers

    def _live(
        self,
        queue: VirtualQueue[Any],
        batch: list[Any],
        worker: Callable[[list[Any]], Sequence[object]],
    ) -> None:
        """A batch that its worker may die of; what it did not settle comes again."""
        for message in batch:
            if self.dice.random() < self.repeats:
                queue.put_back(message, after_s=self.dice.choice((0, 30, 4000)))
        self.faults.begin("worker")
        try:
            problems = worker(batch)
        except KilledError:
            problems = [Transient("killed")] * len(batch)
        for message, problem in zip(batch, problems, strict=True):
            if problem is not None:
                queue.put_back(message, after_s=VISIBILITY_S)

    def _run(self, batch: list[RunMessage]) -> Sequence[object]:
        runs = self._perilous(self.runs)
        use_case = RunFunctions(
            functions=self.functions,
            runs=runs,
            people=MemoryPeople(self.runs),
            sandbox=self.sandbox,
            admit=AdmitRuns(
                permits=self.turns,
                hints=self.run_queue,
                dice=lambda: 0.5,
                new_owner=lambda: f"batch {next(self._owners)}",
                clock=self.clock,
            ),
            apply=ApplyRun(
                bus=self._perilous(self.bus),
                deliver_queue=self._perilous(self.deliver_queue),
                run_queue=self._perilous(self.run_queue),
                deliveries=self._perilous(self.deliveries),
                parked=Nowhere(),
                queue_delay_max_s=900,
                races=Races(pause=lambda _s: None),
            ),
            tend=lambda *_: None,
            unseal=lambda _tenant, sealed: sealed,
            clock=self.clock,
            dice=lambda: 0.5,
            journal=Journal(),
            races=Races(pause=lambda _s: None),
            allow_local_http=False,
        )
        now = timestamp(self.clock())
        return use_case([run_plan.parse(dump(each.to_json()), now=now) for each in batch])

    def _deliver(self, batch: list[DeliverMessage]) -> Sequence[object]:
        deliver = DeliverAttempts(
            deliveries=self._perilous(self.deliveries),
            erasures=MemoryErasures(),
            webhooks=self.webhooks,
            known_webhooks=self.webhooks,
            hints=self._perilous(self.deliver_queue),
            courier=Courier(sender=self.receiver, open_secret=lambda *_: SECRET_A),
            admit=admission(self.health, self.clock),
            endpoints=Nobody(),
            clock=self.clock,
            dice=lambda: 0.5,
            journal=Journal(),
            _loop=OneThread(),
        )
        try:
            return deliver.deliver_all(batch)
        finally:
            deliver.close()

    def _sweep_runs(self) -> int:
        sweep: Sweep[Run, RunMessage] = Sweep(
            records=self._perilous(self.runs),
            hints=self._perilous(self.run_queue),
            hint_of=run_hint,
            is_hinted=lambda run: is_hinted(run, queue_delay_max_s=900),
            shards=("0",),
            clock=self.clock,
        )
        return sweep()

    def _sweep_deliveries(self) -> int:
        sweep: Sweep[Any, DeliverMessage] = Sweep(
            records=self._perilous(self.deliveries),
            hints=self._perilous(self.deliver_queue),
            hint_of=delivery_hint,
            is_hinted=lambda delivery: delivery.hinted,
            shards=("0",),
            clock=self.clock,
        )
        return sweep()

    def _run_again(self) -> RunAgain:
        return RunAgain(
            runs=self._perilous(self.runs),
            events=self.events,
            hints=self._perilous(self.run_queue),
            clock=self.clock,
        )

    def _perilous(self, thing: Any) -> Any:
        return Perilous(thing, self.faults)

    def _move_on(self) -> None:
        """To the next message, or to the next sweep if something waits for one."""
        queues = (self.run_queue.next_at, self.deliver_queue.next_at)
        times_s = [at.timestamp() for at in queues if at]
        if self._waits():
            times_s.append(self._sweep_at_s)
        if times_s:
            self.clock.advance(max(0.0, min(times_s) - self.clock().timestamp()))

    def _waits(self) -> bool:
        """Whether a record waits for a sweep."""
        return (
            any(run.due_at_ms is not None for run in self.runs.by_id.values())
            or any(each.status is Status.PENDING for each in self.deliveries.by_id.values())
            or any(job.state is ReplayState.RUNNING for job in self.replays.by_id.values())
        )

    def _is_done(self) -> bool:
        waiting = (self.run_queue.next_at, self.deliver_queue.next_at)
        return waiting == (None, None) and not self._waits()


def poisoned(world: RerunWorld, number: int, *, webhook_id: str | None = None) -> list[Event]:
    """So many events that a bad release has failed on, which is mended now."""
    world.publish(1)
    events = world.land(number, webhook_id=webhook_id)
    world.settle()
    world.clock.advance(60)
    world.publish(2)
    return events


def spent_by(events: list[Event]) -> dict[str, int]:
    """What each customer has spent by these events."""
    sums: dict[str, int] = {}
    for event in events:
        person = event.profile.external_id or ""
        sums[person] = sums.get(person, 0) + int(event.properties["value"])
    return sums
