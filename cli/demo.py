"""`penstock demo`: the whole product on your machine, on real orders, with every count checked."""

import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from cli._errors import CommandFailed
from runtime.errors import PenstockError

DEFAULT_ORDERS = 1000


def demo(
    *,
    events: Annotated[
        int, typer.Option(envvar="DEMO_EVENTS", min=1, help="How many orders of the log to send.")
    ] = DEFAULT_ORDERS,
    keep: Annotated[
        bool,
        typer.Option(help="Leave the local cloud up, to look around in it."),
    ] = False,
) -> None:
    """Deploy to a local cloud, send a shop's real orders, and check every count at its end."""
    from examples.orders.events import read_orders
    from infra.demo.play import play
    from infra.demo.progress import Progress
    from infra.demo.stage import set_stage
    from infra.demo.tally import last_line

    signal.signal(signal.SIGTERM, _as_interrupt)  # so that nothing is left running
    orders = read_orders(limit=events)
    progress = Progress()
    try:
        with set_stage(progress, keep=keep) as stage:
            result = play(stage, orders)
    except PenstockError as problem:
        raise CommandFailed(problem.message, code=problem.code) from problem
    for sentence in result.problems:
        sys.stderr.write(f"demo: {sentence}\n")
    if result.problems:
        sys.stdout.write(f"demo: failed, {len(result.problems)} counts do not add up\n")
        raise typer.Exit(1)
    progress.step("done")
    sys.stdout.write(last_line(result.counts, orders=len(orders)) + os.linesep)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
