"""Measures many events on one profile: from the bus, and by workers that race each other."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.report import Row
from infra.demo.bad_input import queue_url
from infra.demo.feed import BUS_BATCH, Envelope, chunks
from infra.demo.patience import Patience
from infra.demo.stage import Stage

ROOT: Final = Path(__file__).parents[1]
EVENTS: Final = 2_000  # each sets a property of its own
PRODUCERS: Final = 4
RACED: Final = 1_000  # events of one race
# Workers and the events of a batch.
RACES: Final = ((1, 10), (1, 100), (4, 10), (4, 100))
DEADLINE_S: Final = 400.0


class Lost(Exception):
    """Events on one profile did not all end merged within the bench's deadline."""


class Raced(NamedTuple):
    """How workers merged events into one profile at once."""

    took_s: float  # from when the first began to when the last ended
    cpu_s: float  # of all workers
    lost: int  # writes that another worker's write came before
    given_up: int  # batches that lost too many races in a row, and came again


def an_event(person: str, number: int, *, tenant: str) -> Envelope:
    """An event that sets a property which no other sets."""
    return {
        "id": f"{person}-{number}",
        "tenant": tenant,
        "topic": "profile.updated",
        "profile": {"external_id": person},
        "properties": {f"p{number}": number},
    }


def measure(stage: Stage, environment: Mapping[str, str]) -> Iterator[Row]:
    """Merge events on one id: by the bus, and by workers of this bench.

    Args:
        stage: the local cloud.
        environment: that of `project_profile`, with the tenant as BENCH_TENANT.
    """
    yield from _by_bus(stage)
    for workers, batch in RACES:
        raced = _race(f"race-{workers}-{batch}", workers=workers, batch=batch, env=environment)
        _count(stage, f"race-{workers}-{batch}", RACED)
        yield Row(
            what=f"events a second merged into one profile by {_workers(workers)} of {batch}",
            value=f"{RACED / raced.took_s:.0f} /s",
            how=f"{RACED} events, each with a property of its own;"
            f" {1000 * raced.cpu_s / RACED:.2f} ms of CPU an event, {raced.lost} writes that came"
            f" second, {raced.given_up} batches that came again",
        )


def _workers(count: int) -> str:
    return "1 worker in batches" if count == 1 else f"{count} workers at once in batches"


def _by_bus(stage: Stage) -> Iterator[Row]:
    person, tenant = "hot", stage.tenant
    events = [an_event(person, number, tenant=tenant) for number in range(EVENTS)]
    began_s = time.monotonic()
    with ThreadPoolExecutor(PRODUCERS) as pool:
        accepted = sum(pool.map(stage.doors.by_bus, chunks(events, BUS_BATCH)))
    put_s = time.monotonic() - began_s
    patience = Patience(DEADLINE_S, check=stage.refuse_denials)
    patience.until(lambda: len(_properties(stage, person)) == EVENTS)
    merged_s = time.monotonic() - began_s
    _count(stage, person, EVENTS)
    yield Row(
        what="events a second on one profile, put onto the bus / merged",
        value=f"{accepted / put_s:.0f} / {EVENTS / merged_s:.0f} /s",
        how=f"{EVENTS} events by {PRODUCERS} threads, each with a property of its own; all are"
        f" there {merged_s:.0f} s after the first was put, and none in the dead-letter queue",
    )


def _count(stage: Stage, person: str, expected: int) -> None:
    """Refuse a profile that lacks a property, and a dead letter.

    Raises:
        Lost: there is one.
    """
    properties = _properties(stage, person)
    missing = {f"p{number}" for number in range(expected)} - properties.keys()
    url = queue_url(stage.sqs, "ProfileQueueDeadLetters")
    name = "ApproximateNumberOfMessages"
    answer = stage.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    dead = int(answer["Attributes"][name])
    if missing or dead:
        raise Lost(f"{len(missing)} of {expected} properties are missing; {dead} dead letters")


def _properties(stage: Stage, person: str) -> Mapping[str, Any]:
    people = stage.api.get("/v1/profiles", {"external_id": person})["data"]
    return people[0]["properties"] if people else {}


def _race(person: str, *, workers: int, batch: int, env: Mapping[str, str]) -> Raced:
    count = RACED // workers
    processes = [
        _started(person, first=n * count, count=count, batch=batch, env=env) for n in range(workers)
    ]
    for process in processes:
        if _line(process) != "ready\n":
            raise RuntimeError(f"a worker did not start: it ended with {process.wait()}")
    for process in processes:
        _to(process)
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


def _started(
    person: str, *, first: int, count: int, batch: int, env: Mapping[str, str]
) -> "subprocess.Popen[str]":
    numbers = {"first": first, "count": count, "batch": batch}
    flags = [f"--{name}={number}" for name, number in numbers.items()]
    return subprocess.Popen(
        [sys.executable, "-m", "bench.racing", person, *flags],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _to(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
