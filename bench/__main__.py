"""Runs every measurement, prints the table and publishes it."""

import argparse
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

from bench import (
    bundles,
    command_line,
    cost,
    flow,
    handlers,
    hostile,
    isolation,
    matching,
    memory,
    releases,
    sandbox_cost,
)
from bench.bill import Cpu
from bench.report import Row, publish, table
from infra.demo.progress import Progress
from infra.demo.stage import set_stage


def main() -> None:
    """Run the command line: measure, print, and publish unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true", help="leave the published page alone")
    write = not parser.parse_args().no_write
    progress = Progress()
    rows = [*_alone(progress), *_on_the_cloud(progress)]
    text = f"{_machine()}\n\n{table(rows)}"
    print(text)
    if write:
        publish(text)


def _alone(progress: Progress) -> Iterator[Row]:
    """What needs no cloud."""
    progress.step("sandbox: cold and warm")
    yield from sandbox_cost.measure()
    progress.step("first output of each command")
    yield from command_line.measure()
    progress.step("matching")
    yield from matching.measure()
    progress.step("memory of `deliver`")
    yield from memory.measure()
    progress.step("a good receiver beside hostile ones")
    yield from hostile.measure()


def _on_the_cloud(progress: Progress) -> Iterator[Row]:
    """What the local cloud is measured by."""
    # With the template's own schedule. The demo's would load a warehouse each minute, on the cores
    # that are measured.
    with set_stage(progress, parameters={}) as stage:
        stage.receiver.is_ever_busy = False
        progress.step("init time of each bundle")
        yield from bundles.measure(stage)
        progress.step("events through the local cloud")
        yield from flow.measure(stage)
        progress.step("CPU of the handlers")
        cpu_ms = handlers.spend(stage)
        yield from handlers.rows(cpu_ms)
        progress.step("versions that change under events")
        yield from releases.measure(stage)
        progress.step("a healthy endpoint beside a slow and a broken one")
        yield from isolation.measure(stage)
    progress.step("cost of a million deliveries")
    yield from cost.measure(Cpu(fanout_ms=cpu_ms["fanout"], deliver_ms=cpu_ms["deliver"]))


def _machine() -> str:
    today = datetime.now(UTC).date()
    return (
        f"`make bench`, {today}: {os.cpu_count()} cores ({platform.machine()}),"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
