"""Compares the demo's counts with what they must be, and writes its last line."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from infra.demo.expected import Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted at the receiver, in the tables, in the queues and in the warehouse."""

    events_sent: int
    events_accepted: int
    runs: int
    wasm_runs: int  # of the transform, whose function asks for this engine
    restricted_runs: int  # of the trigger, whose function asks for this engine
    deliveries: int  # records, of every status
    delivered: int
    dropped: int
    dead: int
    pending: int
    verified: int  # webhook-ids that were accepted with a valid signature
    refused: int  # requests with an invalid signature
    retried: int  # webhooks that were accepted after a try that failed
    busy_answers: int  # webhooks whose first try was answered with 503
    duplicates: int  # requests for webhooks that had been accepted
    lost: int  # contents that must have arrived, and have not
    wrong: int  # contents and profiles that differ from what plain Python says
    warehouse_events: int  # rows
    warehouse_repeated: int  # rows of events that are there already
    warehouse_profiles: int  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What the demo sent besides the order log."""

    events: int  # valid ones
    runs: int  # that these events cause
    transformed: int  # of these runs, those of the transform
    profiles: int  # that these events make
    repeats: int  # events of the order log that were sent twice


def problems(counts: Counts, expectation: Expectation, *, extras: Extras) -> Iterator[str]:
    """A sentence for each count that is not what it must be."""
    sent_events = expectation.customers + expectation.orders + extras.events
    on_the_bus = sent_events + expectation.champions
    contents = len(expectation.plain) + len(expectation.payloads)
    yield from _differences(
        ("events accepted", counts.events_accepted, sent_events + extras.repeats),
        ("events accepted and sent", counts.events_accepted, counts.events_sent),
        ("runs", counts.runs, expectation.runs + extras.runs),
        (
            "runs of the transform on the engine wasm",
            counts.wasm_runs,
            expectation.transformed + extras.transformed,
        ),
        (
            "runs of the trigger on the engine restricted",
            counts.restricted_runs,
            expectation.orders,
        ),
        ("delivery records", counts.deliveries, expectation.deliveries),
        ("deliveries delivered", counts.delivered, contents),
        ("deliveries dropped by the transform", counts.dropped, expectation.dropped),
        ("deliveries dead at the broken endpoint", counts.dead, expectation.down),
        ("deliveries still pending", counts.pending, 0),
        ("webhooks verified and accepted at the receiver", counts.verified, contents),
        ("requests with a bad signature", counts.refused, 0),
        ("webhooks retried after a 503", counts.retried, counts.busy_answers),
        ("contents lost", counts.lost, 0),
        ("contents or profiles that differ", counts.wrong, 0),
        ("rows in the warehouse's events", counts.warehouse_events, on_the_bus),
        ("events loaded more than once", counts.warehouse_repeated, 0),
        (
            "rows in the warehouse's profiles",
            counts.warehouse_profiles,
            expectation.customers + extras.profiles,
        ),
    )


def last_line(counts: Counts, *, orders: int) -> str:
    """The line that tells people and scripts that everything is as it must be."""
    return (
        f"demo: ok events={orders} runs={counts.runs} deliveries={counts.deliveries}"
        f" verified={counts.verified} retried={counts.retried} dead={counts.dead}"
        f" lost={counts.lost} duplicates={counts.duplicates}"
        f" warehouse_events={counts.warehouse_events}"
        f" warehouse_profiles={counts.warehouse_profiles}"
        f" wasm_runs={counts.wasm_runs} restricted_runs={counts.restricted_runs}"
    )


def document(counts: Counts, *, orders: int, problems: Sequence[str]) -> dict[str, Any]:
    """The result as JSON, for scripts: every count by its name, and the problems."""
    return {
        "ok": not problems,
        "events": orders,
        "counts": asdict(counts),
        "problems": list(problems),
    }


def _differences(*rows: tuple[str, int, int]) -> Iterator[str]:
    for name, count, expected_count in rows:
        if count != expected_count:
            yield f"{name}: counted {count}, must be {expected_count}"
