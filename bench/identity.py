"""Measures what it takes to find out whom events are about, and to merge what they say."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench import hot_profile
from bench.deployed import functions
from bench.projecting import BATCH, BATCHES, RESOLVED
from bench.report import Row, spread
from infra.demo.stage import Stage

ROOT: Final = Path(__file__).parents[1]
CASES: Final = {
    "mention": ("about a known person", "a known name, and nothing new to say"),
    "set": ("that changes a known person", "a known name, and one property"),
    "begin": ("that begins a person", "a new name and two properties"),
    "merge": ("that merges two people", "the names of both, and one property"),
}


def measure(stage: Stage) -> Iterator[Row]:
    """CPU per event, the time to resolve a name, and many events on one profile."""
    environment = _environment(stage)
    measured = _projected(environment)
    for case, (event, how) in CASES.items():
        yield Row(
            what=f"CPU in `project_profile` per event {event}",
            value=f"{measured['cpu_ms'][case]:.2f} ms",
            how=f"{BATCHES} batches of {BATCH}, each about other people: {how}",
        )
    for case, how in (
        ("believed", "the process remembers where the name leads: one read, of the profile"),
        ("unknown", "it does not: two reads, one after the other"),
    ):
        yield Row(
            what=f"find out whom an event is about, its name {case}, p50 / p99",
            value=spread(measured[case], unit="ms"),
            how=f"{RESOLVED} times, from the event to the draft; {how}",
        )
    yield from hot_profile.measure(stage, environment)


def _environment(stage: Stage) -> Mapping[str, str]:
    [projector] = [each for each in functions(stage) if each.module.endswith(".project_profile")]
    return {**os.environ, **projector.variables, "BENCH_TENANT": stage.tenant}


def _projected(environment: Mapping[str, str]) -> Mapping[str, Any]:
    process = subprocess.run(
        [sys.executable, "-m", "bench.projecting"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise RuntimeError(f"bench.projecting: {process.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return result
