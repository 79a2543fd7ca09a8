"""The demo, act by act."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from examples.orders.events import Order, envelopes
from infra.demo import bad_input, counting, tally
from infra.demo.expected import Expectation, expect
from infra.demo.patience import Patience
from infra.demo.receiver import DOWN
from infra.demo.setup import DOWN_RETRIES, FULFILMENT, PLAIN, fulfilment_key
from infra.demo.stage import Stage
from infra.demo.tally import Counts, Extras
from infra.demo.warehouse import QueryFailed

REPEATS: Final = 20  # events sent a second time under the same id
BUDGET_S: Final = 150  # of waiting, beside what the orders take
BUDGET_PER_ORDER_S: Final = 0.06
RUN_NOW_S: Final = 40  # a load asked for must not wait for the minute's schedule
EXTRAS: Final = Extras(
    events=bad_input.MARKED_EVENTS,
    runs=bad_input.MARKED_RUNS,
    profiles=bad_input.MARKED_PROFILES,
    repeats=REPEATS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The counts, and every sentence about what does not add up."""

    counts: Counts
    problems: tuple[str, ...]


def play(stage: Stage, orders: Sequence[Order]) -> Result:
    """Send the orders and the bad input, wait until all has settled, and count."""
    expected = expect(orders, fulfilment_key=fulfilment_key())
    patience = Patience(BUDGET_S + BUDGET_PER_ORDER_S * len(orders))
    known = envelopes(orders, tenant=stage.tenant)
    sending = known + known[-REPEATS:]

    bad_input.send(stage)
    stage.progress.step(f"sending {len(sending)} events, half by the API, half onto the bus")
    told = stage.progress.tell
    accepted = stage.doors.send(sending, lambda n: told(f"{n} of {len(sending)} accepted"))
    accepted += bad_input.MARKED_EVENTS

    waits = [
        *_wait_for_receiver(stage, expected, patience),
        *_wait_for_dead(stage, expected, patience),
        *_wait_for_warehouse(stage, expected, patience),
        *bad_input.problems(stage, patience),
        *_archive_problems(stage),
    ]
    stage.progress.step("counting at the receiver, in the tables and in the warehouse")
    sent = len(sending) + bad_input.MARKED_EVENTS
    counts = counting.count(stage, expected, sent=sent, accepted=accepted)
    sums = tally.problems(counts, expected, extras=EXTRAS)
    return Result(counts=counts, problems=(*waits, *sums))


def _wait_for_receiver(stage: Stage, expected: Expectation, patience: Patience) -> list[str]:
    due = len(expected.plain) + len(expected.payloads)
    stage.progress.step(f"waiting for {due} webhooks at the receiver")
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]

    def arrived() -> bool:
        accepted = sum(len(one.accepted) for one in healthy)
        retried = sum(one.retried for one in healthy)
        stage.progress.tell(f"{accepted} of {due} verified, {retried} after a retry")
        return accepted >= due

    if stage.receiver.wait(arrived, deadline_s=patience.left_s):
        return []
    refused = [reason for one in healthy for reason in one.refused]
    return [f"not all webhooks arrived in time{': ' if refused else ''}{'; '.join(refused[:3])}"]


def _wait_for_dead(stage: Stage, expected: Expectation, patience: Patience) -> list[str]:
    waiting = bad_input.answer_the_wait(stage, patience)
    stage.progress.step(f"waiting for sweep: {expected.down} deliveries to a broken endpoint")
    down = stage.receiver.endpoints[DOWN]
    tries = 1 + len(DOWN_RETRIES)

    def exhausted() -> bool:
        through = sum(one.tries >= tries for one in down.heard.values())
        stage.progress.tell(f"{through} of {expected.down} tried {tries} times")
        return through >= expected.down and bad_input.settled(stage)

    problems = [] if waiting else ["the waiting run was never recorded as to be tried again"]
    if not patience.until(exhausted):
        problems.append(
            "the retries that wait in the due index did not all come: is sweep running?"
        )
    return problems


def _wait_for_warehouse(stage: Stage, expected: Expectation, patience: Patience) -> list[str]:
    stage.progress.step("waiting for the schedule to load the warehouse")
    if not patience.until(lambda: _loaded(stage) > 0):
        return ["the schedule never loaded the warehouse"]
    stage.progress.step("asking for a load of what is left")
    due = expected.customers + expected.orders + expected.champions + EXTRAS.events
    profiles = expected.customers + EXTRAS.profiles

    def complete() -> bool:
        stage.api.post(f"/v1/syncs/{stage.installed.sync}/run")
        events = _loaded(stage)
        stage.progress.tell(f"{events} of {due} events loaded")
        return events >= due and stage.warehouse.profiles() >= profiles

    if patience.until(complete, at_most_s=RUN_NOW_S):
        return []
    return ["the loads asked for did not bring all rows in time"]


def _loaded(stage: Stage) -> int:
    try:
        return stage.warehouse.events()
    except QueryFailed:
        return 0  # the first load makes the tables


def _archive_problems(stage: Stage) -> list[str]:
    named = stage.events.list_archives()["Archives"]
    states = [
        stage.events.describe_archive(ArchiveName=archive["ArchiveName"])["State"]
        for archive in named
    ]
    return [] if states == ["ENABLED"] else [f"the bus has archives in states {states}"]
