"""Merges events into one profile, in a process of its own that others race with.

`bench.hot_profile` starts one for each worker, with the environment of `project_profile`. It says
when it is ready, and begins when its input says so.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from bench.hot_profile import an_event
from runtime import races, settings
from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.races import Races
from runtime.usecases.profiles.project_profile import ProjectProfiles
from runtime.wiring import parts, people_parts

NOW: Final = "2026-11-20T13:04:05.123Z"


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("person")
    for number in ("first", "end", "step", "batch", "properties"):
        parser.add_argument(f"--{number}", type=int, required=True)
    options = parser.parse_args()
    lost: list[float] = []  # the pause after each race that was lost

    def pause(seconds: float) -> None:
        lost.append(seconds)
        races.wait(seconds)

    installation = settings.load()
    clients = parts.clients(installation)
    work = ProjectProfiles(
        people=people_parts.people(clients, installation),
        timelines=people_parts.timelines(clients, installation),
        races=Races(pause=pause),
    )
    make = partial(_events, properties=options.properties)
    warm = make(f"{options.person}-warm-{options.first}", range(options.batch))
    _refuse(work(warm))
    numbers = range(options.first, options.end, options.step)
    todo = [
        make(options.person, numbers[start : start + options.batch])
        for start in range(0, len(numbers), options.batch)
    ]
    lost.clear()
    print("ready", flush=True)
    sys.stdin.readline()
    began_s, cpu_began_s, given_up = time.time(), time.process_time(), 0
    while todo:
        batch = todo.pop(0)
        if any(work(batch)):  # SQS would hand it over again
            given_up += 1
            todo.append(batch)
    print(
        json.dumps(
            {
                "began_s": began_s,
                "ended_s": time.time(),
                "cpu_s": time.process_time() - cpu_began_s,
                "lost": len(lost),
                "given_up": given_up,
            }
        )
    )


def _events(person: str, numbers: Sequence[int], *, properties: int) -> list[Event]:
    tenant = os.environ["BENCH_TENANT"]
    return [
        envelope.parse(an_event(person, n, tenant=tenant, properties=properties), now=NOW)
        for n in numbers
    ]


def _refuse(results: Sequence[Exception | None]) -> None:
    for problem in results:
        if problem is not None:
            raise problem


if __name__ == "__main__":
    _main()
