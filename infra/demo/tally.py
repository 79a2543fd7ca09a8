"""The arithmetic of the demo: what was counted, whether it adds up, and the line that says so."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from infra.demo.expected import Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted, each where it ended: receiver, tables, queues, warehouse.

    `verified` are distinct webhook-ids accepted with a good signature; `lost` are expected contents
    that no endpoint was told; `wrong` are contents or profiles that differ from what plain Python
    says they must be. `wasm_runs` are the transform's, `restricted_runs` the trigger's: each of the
    two names its engine, and so must each record of its runs.
    """

    events_sent: int
    events_accepted: int
    runs: int
    wasm_runs: int
    restricted_runs: int
    deliveries: int
    delivered: int
    dropped: int
    dead: int
    pending: int
    verified: int
    refused: int
    retried: int
    busy_answers: int
    duplicates: int
    lost: int
    wrong: int
    warehouse_events: int
    warehouse_repeated: int
    warehouse_profiles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What the demo sent beside the order log: sound events with their runs, and repeats.

    `transformed` are those of the runs that the transform made.
    """

    events: int
    runs: int
    transformed: int
    profiles: int
    repeats: int


def problems(counts: Counts, expected: Expectation, *, extras: Extras) -> Iterator[str]:
    """Each count that does not add up, as a sentence; nothing when all do."""
    known = expected.customers + expected.orders + extras.events
    on_the_bus = known + expected.champions
    contents = len(expected.plain) + len(expected.payloads)
    yield from _differences(
        ("events accepted", counts.events_accepted, known + extras.repeats),
        ("events accepted and sent", counts.events_accepted, counts.events_sent),
        ("runs", counts.runs, expected.runs + extras.runs),
        (
            "runs of the transform on the engine wasm",
            counts.wasm_runs,
            expected.transformed + extras.transformed,
        ),
        ("runs of the trigger on the engine restricted", counts.restricted_runs, expected.orders),
        ("delivery records", counts.deliveries, expected.deliveries),
        ("deliveries delivered", counts.delivered, contents),
        ("deliveries dropped by the transform", counts.dropped, expected.dropped),
        ("deliveries dead at the broken endpoint", counts.dead, expected.down),
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
            expected.customers + extras.profiles,
        ),
    )


def last_line(counts: Counts, *, orders: int) -> str:
    """The line by which people and scripts know that everything came out."""
    return (
        f"demo: ok events={orders} runs={counts.runs} deliveries={counts.deliveries}"
        f" verified={counts.verified} retried={counts.retried} dead={counts.dead}"
        f" lost={counts.lost} duplicates={counts.duplicates}"
        f" warehouse_events={counts.warehouse_events}"
        f" warehouse_profiles={counts.warehouse_profiles}"
        f" wasm_runs={counts.wasm_runs} restricted_runs={counts.restricted_runs}"
    )


def document(counts: Counts, *, orders: int, problems: Sequence[str]) -> dict[str, Any]:
    """The same for scripts: every count by its name, and what does not add up."""
    return {
        "ok": not problems,
        "events": orders,
        "counts": asdict(counts),
        "problems": list(problems),
    }


def _differences(*rows: tuple[str, int, int]) -> Iterator[str]:
    for name, counted, due in rows:
        if counted != due:
            yield f"{name}: counted {counted}, must be {due}"
