"""Runs every measurement, prints the table and publishes it."""

import argparse
import os
import platform
from datetime import UTC, datetime

from bench import bundles, cost, flow, handlers, hostile, isolation, matching, memory, sandbox_cost
from bench.bill import Cpu
from bench.report import publish, table
from infra.demo.progress import Progress
from infra.demo.stage import set_stage


def main() -> None:
    """Run the command line: measure, print, and publish unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true", help="leave the published page alone")
    write = not parser.parse_args().no_write
    progress = Progress()
    progress.step("sandbox: cold and warm")
    rows = list(sandbox_cost.measure())
    progress.step("matching")
    rows += matching.measure()
    progress.step("memory of `deliver`")
    rows += memory.measure()
    progress.step("a good receiver beside hostile ones")
    rows += hostile.measure()
    # With the template's own schedule. The demo's would load a warehouse each minute, on the cores
    # that are measured.
    with set_stage(progress, parameters={}) as stage:
        stage.receiver.is_ever_busy = False
        progress.step("init time of each bundle")
        rows += bundles.measure(stage)
        progress.step("events through the local cloud")
        rows += flow.measure(stage)
        progress.step("CPU of the handlers")
        cpu_ms = handlers.spend(stage)
        rows += handlers.rows(cpu_ms)
        progress.step("a healthy endpoint beside a slow and a broken one")
        rows += isolation.measure(stage)
    progress.step("cost of a million deliveries")
    rows += cost.measure(Cpu(fanout_ms=cpu_ms["fanout"], deliver_ms=cpu_ms["deliver"]))
    text = f"{_machine()}\n\n{table(rows)}"
    print(text)
    if write:
        publish(text)


def _machine() -> str:
    today = datetime.now(UTC).date()
    return (
        f"`make bench`, {today}: {os.cpu_count()} cores ({platform.machine()}),"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
