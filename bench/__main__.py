"""Runs measurements, prints their tables and publishes them, section by section."""

import argparse
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from bench import (
    building,
    bundles,
    command_line,
    cost,
    flow,
    handlers,
    hostile,
    identity,
    imports,
    isolation,
    matching,
    memory,
    operations,
    releases,
    sandbox_cost,
    syncs,
    timelines,
    transforms,
    warehouse,
)
from bench.report import Row, publish, table
from cli.cost.bill import Cpu
from infra.demo.progress import Progress
from infra.demo.stage import Stage, set_stage


def _cpu_and_cost(stage: Stage) -> Iterator[Row]:
    """The CPU of the handlers, and what a million deliveries cost with it."""
    cpu_ms = handlers.spend(stage)
    yield from handlers.rows(cpu_ms)
    yield from cost.measure(Cpu(fanout_ms=cpu_ms["fanout"], deliver_ms=cpu_ms["deliver"]))


# By the names that the command line and the marks of the page have.
ALONE: Final[Mapping[str, Callable[[], Iterable[Row]]]] = {
    "sandbox": sandbox_cost.measure,
    "commands": command_line.measure,
    "matching": matching.measure,
    "transforms": transforms.measure,
    "memory": memory.measure,
    "hostile": hostile.measure,
    "warehouse": warehouse.measure,
    "build": building.measure,
}
ON_THE_CLOUD: Final[Mapping[str, Callable[[Stage], Iterable[Row]]]] = {
    "init": bundles.measure,
    "operations": operations.measure,
    "flow": flow.measure,
    "identity": identity.measure,
    "timelines": timelines.measure,
    "imports": imports.measure,
    "cost": _cpu_and_cost,
    "releases": releases.measure,
    "syncs": syncs.measure,
    "isolation": isolation.measure,
}
SECTIONS: Final = (*ALONE, *ON_THE_CLOUD)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: measure, print, and publish unless told not to."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all by default"
    )
    parser.add_argument("--no-write", action="store_true", help="leave the published page alone")
    options = parser.parse_args(arguments)
    sections = tuple(options.sections or SECTIONS)
    unknown = [each for each in sections if each not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]}: there are {', '.join(SECTIONS)}")
    for section, rows in _measured(sections, Progress()):
        text = f"{_machine()}\n\n{table(rows)}"
        print(f"{section}: {text}\n")
        if not options.no_write:
            publish(section, text)


def _measured(sections: Sequence[str], progress: Progress) -> Iterator[tuple[str, list[Row]]]:
    """Each section with its rows as soon as they are measured."""
    for section, measure in ALONE.items():
        if section in sections:
            progress.step(f"measuring: {section}")
            yield section, list(measure())
    if not set(sections) & set(ON_THE_CLOUD):
        return
    # With the template's own schedule. The demo's would load a warehouse each minute, on the cores
    # that are measured.
    with set_stage(progress, parameters={}) as stage:
        stage.receiver.is_ever_busy = False
        for section, measure_on in ON_THE_CLOUD.items():
            if section in sections:
                progress.step(f"measuring: {section}")
                yield section, list(measure_on(stage))


def _machine() -> str:
    today = datetime.now(UTC).date()
    return (
        f"`make bench`, {today}: {os.cpu_count()} cores ({platform.machine()}),"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
