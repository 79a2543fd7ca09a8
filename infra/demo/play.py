"""The demo, act by act."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from examples.orders.events import Order, envelopes
from infra.demo import (
    accidents,
    bad_input,
    corners,
    counting,
    coverage,
    labels,
    loads,
    records,
    tally,
)
from infra.demo.coverage import Deployed
from infra.demo.expected import Expectation, expect
from infra.demo.patience import Patience
from infra.demo.receiver import DOWN
from infra.demo.setup import DOWN_RETRIES, FULFILMENT, PLAIN, fulfilment_key
from infra.demo.stage import Stage
from infra.demo.tally import Counts, Extras

REPEATS: Final = 20  # events sent a second time under the same id
NOTICES: Final = 1  # webhook.disabled, from the platform itself, of the endpoint that is gone
BUDGET_S: Final = 150  # of waiting, beside what the orders take
BUDGET_PER_ORDER_S: Final = 0.06
LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The counts, and every sentence about what does not add up."""

    counts: Counts
    problems: tuple[str, ...]


def play(stage: Stage, orders: Sequence[Order]) -> Result:
    """Send the orders and the bad input, wait until all has settled, and count."""
    expected = expect(orders, fulfilment_key=fulfilment_key())
    patience = Patience(
        BUDGET_S + BUDGET_PER_ORDER_S * len(orders),
        check=stage.refuse_denials,
    )
    sending = envelopes(orders, tenant=stage.tenant)

    corner, parcel = corners.make(stage), labels.make(stage)
    problems = bad_input.send(stage, patience)
    corners.send(stage)
    labels.send(stage)
    stage.progress.step(f"sending {len(sending)} events, half by the API, half onto the bus")
    told = stage.progress.tell
    accepted = stage.doors.send(sending, lambda n: told(f"{n} of {len(sending)} accepted"))

    problems += corners.replay(stage, corner, patience)
    problems += labels.again(stage, parcel, patience)
    problems += _wait_for_receiver(stage, expected, patience)
    # Once more under the same ids, now that all is on record: it must change nothing.
    accepted += stage.doors.send(sending[-REPEATS:], _silent)
    problems += _wait_for_dead(stage, expected, patience)
    asked = loads.by_schedule_and_by_request(stage, patience)
    extras = Extras(
        events=bad_input.MARKED_EVENTS + corners.EVENTS + labels.EVENTS + asked.events + NOTICES,
        runs=bad_input.MARKED_RUNS + corners.TRANSFORM_RUNS,
        transformed=corners.TRANSFORM_RUNS,
        profiles=bad_input.MARKED_PROFILES,
        repeats=REPEATS,
    )
    problems += [
        *asked.problems,
        *_wait_for_warehouse(stage, expected, patience, extras=extras),
        *bad_input.problems(stage, patience),
        *records.problems(stage, expected),
        *_archive_problems(stage),
        *corners.problems(stage, corner, patience),
        *labels.problems(stage, parcel, patience),
    ]
    stage.progress.step("counting at the receiver, in the tables and in the warehouse")
    counts = counting.count(
        stage,
        expected,
        sent=len(sending) + REPEATS + extras.events,
        accepted=accepted + extras.events,  # the platform's own are accepted when they are put
    )
    sums = tally.problems(counts, expected, extras=extras)
    problems += accidents.problems(stage, patience)
    deployed = Deployed(
        session=stage.session,
        endpoint=stage.local.aws_endpoint,
        bus=stage.local.bus,
        usage=stage.usage,
    )
    idle = coverage.problems(deployed)
    return Result(counts=counts, problems=(*stage.usage.denials(), *problems, *sums, *idle))


def _wait_for_receiver(stage: Stage, expected: Expectation, patience: Patience) -> list[str]:
    due = len(expected.plain) + len(expected.payloads)
    stage.progress.step(f"waiting for {due} webhooks at the receiver")
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]

    def arrived() -> bool:
        accepted = sum(len(one.accepted) for one in healthy)
        retried = sum(one.retried for one in healthy)
        stage.progress.tell(f"{accepted} of {due} verified, {retried} after a retry")
        return accepted >= due

    while not stage.receiver.wait(arrived, deadline_s=min(LOOK_EVERY_S, patience.left_s)):
        patience.check()
        if not patience.left_s:
            break
    else:
        return []
    refused = [reason for one in healthy for reason in one.refused]
    return [f"not all webhooks arrived in time{': ' if refused else ''}{'; '.join(refused[:3])}"]


def _wait_for_dead(stage: Stage, expected: Expectation, patience: Patience) -> list[str]:
    stage.progress.step(f"waiting for sweep: {expected.down} deliveries to a broken endpoint")
    down = stage.receiver.endpoints[DOWN]
    tries = 1 + len(DOWN_RETRIES)

    def exhausted() -> bool:
        through = sum(one.tries >= tries for one in down.heard.values())
        stage.progress.tell(f"{through} of {expected.down} attempted {tries} times")
        return through >= expected.down and bad_input.settled(stage)

    if patience.until(exhausted):
        return []
    return ["the retries that wait in the due index did not all come: is sweep running?"]


def _wait_for_warehouse(
    stage: Stage, expected: Expectation, patience: Patience, *, extras: Extras
) -> list[str]:
    due = expected.customers + expected.orders + expected.champions + extras.events
    profiles = expected.customers + extras.profiles
    stage.progress.step(f"waiting for {due} events and {profiles} profiles in the warehouse")

    def complete() -> bool:
        events, people = stage.warehouse.events(), stage.warehouse.profiles()
        stage.progress.tell(f"{events} of {due} events, {people} of {profiles} profiles loaded")
        return events >= due and people >= profiles

    return [] if patience.until(complete) else ["not every row was loaded in time"]


def _archive_problems(stage: Stage) -> list[str]:
    named = stage.events.list_archives()["Archives"]
    states = [
        stage.events.describe_archive(ArchiveName=archive["ArchiveName"])["State"]
        for archive in named
    ]
    return [] if states == ["ENABLED"] else [f"the bus has archives in states {states}"]


def _silent(_accepted: int) -> None:
    """Twenty events need no progress line."""
