"""Measures many events on one profile: from the bus, and by workers that race each other."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.report import Row
from infra.demo.bad_input import queue_url
from infra.demo.feed import BUS_BATCH, Envelope, chunks
from infra.demo.patience import Patience
from infra.demo.stage import Stage
from runtime.core.timestamps import epoch_ms, of_epoch_ms

ROOT: Final = Path(__file__).parents[1]
EVENTS: Final = 2_000  # each sets a property of its own
PRODUCERS: Final = 4
RACED: Final = 1_000  # events of one race
# Workers, the events of a batch, and the properties that the events set together.
RACES: Final = ((1, 10, 40), (1, 100, 40), (4, 10, 40), (4, 100, 40), (1, 100, RACED))
BEGAN_MS: Final = epoch_ms("2026-11-20T13:00:00.000Z")  # when the first event happened
DEADLINE_S: Final = 400.0


class Lost(Exception):
    """Events on one profile did not all end merged within the bench's deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Workers that merge events into one profile at once."""

    workers: int
    batch: int  # events that a worker merges at once
    properties: int  # of the profile; each event sets one

    @property
    def person(self) -> str:
        """The external id of the profile."""
        return f"race-{self.workers}-{self.batch}-{self.properties}"


class Raced(NamedTuple):
    """How workers merged events into one profile at once."""

    took_s: float  # from when the first began to when the last ended
    cpu_s: float  # of all workers
    lost: int  # writes that another worker's write came before
    given_up: int  # batches that lost too many races in a row, and came again


def an_event(person: str, number: int, *, tenant: str, properties: int) -> Envelope:
    """An event that sets one of so many properties, a millisecond after the one before.

    So each is news, if events of one property come in their order.
    """
    return {
        "id": f"{person}-{number}",
        "tenant": tenant,
        "topic": "profile.updated",
        "occurred_at": of_epoch_ms(BEGAN_MS + number),
        "profile": {"external_id": person},
        "properties": {f"p{number % properties}": number},
    }


def measure(stage: Stage, environment: Mapping[str, str]) -> Iterator[Row]:
    """Merge events on one id: by the bus, and by workers of this bench.

    Args:
        stage: the local cloud.
        environment: that of `project_profile`, with the tenant as BENCH_TENANT.
    """
    yield _by_bus(stage)
    for workers, batch, properties in RACES:
        race = Race(workers=workers, batch=batch, properties=properties)
        raced = _run(race, environment)
        _count(stage, race.person, RACED, properties=properties)
        yield Row(
            what=f"events a second merged into one profile of {properties} properties by"
            f" {_workers(workers)} of {batch}",
            value=f"{RACED / raced.took_s:.0f} /s",
            how=f"{RACED} events, each sets one of them;"
            f" {1000 * raced.cpu_s / RACED:.2f} ms of CPU an event, {raced.lost} writes that came"
            f" second, {raced.given_up} batches that came again",
        )


def _workers(count: int) -> str:
    return "1 worker in batches" if count == 1 else f"{count} workers at once in batches"


def _by_bus(stage: Stage) -> Row:
    person, tenant = "hot", stage.tenant
    events = [
        an_event(person, number, tenant=tenant, properties=EVENTS) for number in range(EVENTS)
    ]
    began_ms, began_s = round(time.time() * 1000), time.monotonic()
    with ThreadPoolExecutor(PRODUCERS) as pool:
        accepted = sum(pool.map(stage.doors.by_bus, chunks(events, BUS_BATCH)))
    put_s = time.monotonic() - began_s
    patience = Patience(DEADLINE_S, check=stage.refuse_denials)
    patience.until(lambda: len(_properties(stage, person)) == EVENTS)
    merged_s = time.monotonic() - began_s
    _count(stage, person, EVENTS, properties=EVENTS)
    return Row(
        what="events a second on one profile, put onto the bus / merged",
        value=f"{accepted / put_s:.0f} / {EVENTS / merged_s:.0f} /s",
        how=f"{EVENTS} events by {PRODUCERS} threads, each with a property of its own; all are"
        f" there {merged_s:.0f} s after the first was put, {_failed(stage, since_ms=began_ms)} came"
        " again and none is in the dead-letter queue; 2 copies of `project_profile`, batches of 10",
    )


def _count(stage: Stage, person: str, events: int, *, properties: int) -> None:
    """Refuse a profile in which a property is not as its last event says, and a dead letter.

    Raises:
        Lost: there is one.
    """
    expected = {f"p{number % properties}": number for number in range(events)}
    wrong = dict(expected.items() - _properties(stage, person).items())
    url = queue_url(stage.sqs, "ProfileQueueDeadLetters")
    answer = stage.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    dead = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    if wrong or dead:
        raise Lost(f"{len(wrong)} of {len(expected)} properties are wrong; {dead} dead letters")


def _failed(stage: Stage, *, since_ms: int) -> int:
    """How many events `project_profile` has had come again, by its metrics."""
    logs = stage.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate()
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    [group] = [name for name in names if name.endswith("/project_profile")]
    events = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=since_ms
    )
    lines = [event["message"] for page in events for event in page["events"]]
    metrics = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
    if not sum(each.get("records", 0) for each in metrics) >= EVENTS:
        raise Lost(f"the log of project_profile tells of fewer than {EVENTS} events")
    return sum(each.get("failed", 0) for each in metrics)


def _properties(stage: Stage, person: str) -> Mapping[str, Any]:
    people = stage.api.get("/v1/profiles", {"external_id": person})["data"]
    return people[0]["properties"] if people else {}


def _run(race: Race, environment: Mapping[str, str]) -> Raced:
    processes = [_started(race, number, environment) for number in range(race.workers)]
    for process in processes:
        if _line(process) != "ready\n":
            raise RuntimeError(f"a worker did not start: it ended with {process.wait()}")
    for process in processes:
        _begin(process)
    results = [json.loads(_line(process)) for process in processes]
    for process in processes:
        process.communicate()
    return Raced(
        took_s=max(each["ended_s"] for each in results) - min(_all(results, "began_s")),
        cpu_s=sum(_all(results, "cpu_s")),
        lost=sum(each["lost"] for each in results),
        given_up=sum(each["given_up"] for each in results),
    )


def _all(results: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [each[name] for each in results]


def _started(race: Race, worker: int, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    # A worker has every fourth event, say, and so properties that no other worker sets.
    numbers = {
        "first": worker,
        "end": RACED,
        "step": race.workers,
        "batch": race.batch,
        "properties": race.properties,
    }
    flags = [f"--{name}={number}" for name, number in numbers.items()]
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "bench.racing", race.person, *flags],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: "subprocess.Popen[str]") -> str:
    return "" if process.stdout is None else process.stdout.readline()


def _begin(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        print("begin", file=process.stdin, flush=True)
