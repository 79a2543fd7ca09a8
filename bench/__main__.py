"""Run every measurement in one go, print the table and publish it."""

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from bench import bundles, cost, flow, handlers, isolation, matching, sandbox_cost
from bench.report import Row, publish, table
from infra.demo.progress import Progress
from infra.demo.stage import Stage, set_stage


def main() -> None:
    """Measure, print, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true", help="leave the published page alone")
    write = not parser.parse_args().no_write
    progress = Progress()
    progress.step("sandbox: cold and warm")
    rows = list(sandbox_cost.measure())
    progress.step("matching")
    rows += matching.measure()
    progress.step("cost of a million deliveries")
    rows += cost.measure()
    # With the template's own schedule: the demo loads a warehouse each minute, on the same cores.
    with set_stage(progress, parameters={}) as stage:
        stage.receiver.is_ever_busy = False
        for name, measure in _on_the_cloud():
            progress.step(name)
            rows += measure(stage)
    text = f"{_machine()}\n\n{table(rows)}"
    print(text)
    if write:
        publish(text)


def _on_the_cloud() -> Iterator[tuple[str, Callable[[Stage], Iterator[Row]]]]:
    yield "init time of each bundle", bundles.measure
    yield "events through the local cloud", flow.measure
    yield "CPU of the handlers", handlers.measure
    yield "a healthy endpoint beside a slow and a broken one", isolation.measure


def _machine() -> str:
    today = datetime.now(UTC).date()
    return (
        f"`make bench`, {today}: {os.cpu_count()} cores ({platform.machine()}),"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
