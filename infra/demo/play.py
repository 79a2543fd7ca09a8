"""Plays the demo, one act after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from examples.orders.events import Order, envelopes
from infra.demo import (
    accidents,
    bad_input,
    changes,
    compacting,
    corners,
    counting,
    coverage,
    derived,
    erasing,
    failing,
    gaps,
    imports,
    labels,
    loads,
    merging,
    outcomes,
    questions,
    reconciling,
    records,
    reruns,
    tally,
)
from infra.demo.coverage import Installation
from infra.demo.expected import Expectation, expect
from infra.demo.patience import Patience
from infra.demo.receiver import DOWN
from infra.demo.setup import DOWN_RETRIES, FULFILMENT, PLAIN, fulfilment_key
from infra.demo.stage import Stage
from infra.demo.tally import Counts, Extras

REPEATS: Final = 20  # events sent a second time under the same id
NOTICES: Final = 1  # the platform's own event webhook.disabled, about the endpoint that is gone
# For all waits, besides the time for the orders. They take a fourth of it on a machine that has
# nothing else to do.
BUDGET_S: Final = 480
BUDGET_PER_ORDER_S: Final = 0.06
LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out."""

    counts: Counts
    problems: tuple[str, ...]  # a sentence for everything that is not as it must be


def play(stage: Stage, orders: Sequence[Order]) -> Result:
    """Send the orders and the bad input, wait until everything has been done, and count."""
    expectation = expect(orders, fulfilment_key=fulfilment_key())
    patience = Patience(
        BUDGET_S + BUDGET_PER_ORDER_S * len(orders),
        check=stage.refuse_denials,
    )
    sending = envelopes(orders, tenant=stage.tenant)

    corner, parcel, derivation = corners.make(stage), labels.make(stage), derived.make(stage)
    for act in (failing, changes, erasing):
        act.make(stage)
    farewells = reruns.make(stage)
    problems = bad_input.send(stage, patience)
    corners.send(stage)
    labels.send(stage)
    stage.progress.step(f"sending {len(sending)} events, half by the API, half onto the bus")
    show = stage.progress.tell
    accepted_count = stage.doors.send(sending, lambda n: show(f"{n} of {len(sending)} accepted"))

    problems += corners.replay(stage, corner, patience)
    problems += labels.again(stage, parcel, patience)
    problems += _wait_for_receiver(stage, expectation, patience)
    # Some events are sent again under the same ids, now that they are on record. This must change
    # nothing.
    accepted_count += stage.doors.send(sending[-REPEATS:], _silent)
    problems += _wait_for_dead(stage, expectation, patience)
    problems += derived.change(stage, derivation)
    late_loads = loads.by_schedule_and_by_request(stage, patience)
    extras = Extras(
        events=bad_input.MARKED_EVENTS
        + corners.EVENTS
        + labels.EVENTS
        + late_loads.events
        + NOTICES,
        runs=bad_input.MARKED_RUNS + corners.TRANSFORM_RUNS,
        transformed=corners.TRANSFORM_RUNS,
        profiles=bad_input.MARKED_PROFILES,
        repeats=REPEATS,
    )
    problems += [
        *late_loads.problems,
        *_wait_for_warehouse(stage, expectation, patience, extras=extras),
        *loads.again(stage, patience),
        *questions.problems(stage, orders=len(orders)),
        *bad_input.problems(stage, patience),
        *records.problems(stage, expectation),
        *_archive_problems(stage),
        *corners.problems(stage, corner, patience),
        *labels.problems(stage, parcel, patience),
        *derived.problems(stage, patience),
    ]
    stage.progress.step("counting at the receiver, in the tables and in the warehouse")
    counts = counting.count(
        stage,
        expectation,
        sent_count=len(sending) + REPEATS + extras.events,
        accepted_count=accepted_count + extras.events,  # an event that is refused ends the demo
    )
    sums = tally.problems(counts, expectation, extras=extras)
    stage.progress.step("a canary fails, its function is told of, and recovers")
    problems += [
        *failing.problems(stage, patience),
        *changes.problems(stage, patience),
        *reruns.problems(stage, farewells, patience),
        *merging.problems(stage, patience),
        *imports.problems(stage, patience),
        *erasing.problems(stage, patience),
        *compacting.problems(stage, patience),
        *outcomes.problems(stage, patience),
        *reconciling.problems(stage, patience),
        *accidents.problems(stage, patience),
        *gaps.problems(stage, patience),
    ]
    installation = Installation(
        session=stage.session,
        endpoint=stage.local.aws_endpoint,
        bus=stage.local.bus,
        usage=stage.usage,
    )
    idle = coverage.problems(installation)
    return Result(counts=counts, problems=(*stage.usage.denials(), *problems, *sums, *idle))


def _wait_for_receiver(stage: Stage, expectation: Expectation, patience: Patience) -> list[str]:
    expected_count = len(expectation.plain) + len(expectation.payloads)
    stage.progress.step(f"waiting for {expected_count} webhooks at the receiver")
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]

    def have_arrived() -> bool:
        accepted_count = sum(len(endpoint.accepted) for endpoint in healthy)
        retried_count = sum(endpoint.retried for endpoint in healthy)
        stage.progress.tell(
            f"{accepted_count} of {expected_count} verified, {retried_count} after a retry"
        )
        return accepted_count >= expected_count

    while not stage.receiver.wait(have_arrived, deadline_s=min(LOOK_EVERY_S, patience.left_s)):
        patience.check()
        if not patience.left_s:
            break
    else:
        return []
    reasons = [reason for endpoint in healthy for reason in endpoint.refusals]
    return [f"not all webhooks arrived in time{': ' if reasons else ''}{'; '.join(reasons[:3])}"]


def _wait_for_dead(stage: Stage, expectation: Expectation, patience: Patience) -> list[str]:
    stage.progress.step(f"waiting for sweep: {expectation.down} deliveries to a broken endpoint")
    down = stage.receiver.endpoints[DOWN]
    tries = 1 + len(DOWN_RETRIES)

    def are_exhausted() -> bool:
        exhausted_count = sum(arrival.tries >= tries for arrival in down.arrivals.values())
        stage.progress.tell(f"{exhausted_count} of {expectation.down} attempted {tries} times")
        return exhausted_count >= expectation.down and bad_input.settled(stage)

    if patience.until(are_exhausted):
        return []
    return ["the retries that wait in the due index did not all come: is sweep running?"]


def _wait_for_warehouse(
    stage: Stage, expectation: Expectation, patience: Patience, *, extras: Extras
) -> list[str]:
    expected_events = (
        expectation.customers + expectation.orders + expectation.champions + extras.events
    )
    expected_profiles = expectation.customers + extras.profiles
    stage.progress.step(
        f"waiting for {expected_events} events and {expected_profiles} profiles in the warehouse"
    )

    def is_complete() -> bool:
        events, people = stage.warehouse.events(), stage.warehouse.profiles()
        stage.progress.tell(
            f"{events} of {expected_events} events, {people} of {expected_profiles} profiles loaded"
        )
        return events >= expected_events and people >= expected_profiles

    def is_loaded() -> bool:
        # Repeated, because rows may arrive behind a run that was asked for before.
        stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
        return patience.until(is_complete, at_most_s=loads.LOADED_S)

    return [] if patience.until(is_loaded) else ["not every row was loaded in time"]


def _archive_problems(stage: Stage) -> list[str]:
    archives = stage.events.list_archives()["Archives"]
    states = [
        stage.events.describe_archive(ArchiveName=archive["ArchiveName"])["State"]
        for archive in archives
    ]
    return [] if states == ["ENABLED"] else [f"the bus has archives in states {states}"]


def _silent(_count: int) -> None:
    """Print nothing: twenty events need no line of progress."""
