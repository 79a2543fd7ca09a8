"""`penstock demo`: the whole product on your machine, on real orders, with every count checked."""

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from cli import _output
from cli._errors import FAILED, CommandFailed
from cli._output import AsJson
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
    as_json: AsJson = False,
) -> None:
    """Deploy to a local cloud, send a shop's real orders, and check every count at its end."""
    from examples.orders.events import read_orders
    from infra.demo.play import play
    from infra.demo.progress import Progress
    from infra.demo.stage import set_stage
    from infra.demo.tally import document, last_line

    signal.signal(signal.SIGTERM, _as_interrupt)  # so that the cloud is taken down as after Ctrl-C
    orders = read_orders(limit=events)
    progress = Progress()
    try:
        with set_stage(progress, keep=keep) as stage:
            result = play(stage, orders)
    except PenstockError as problem:
        raise CommandFailed(problem.message, code=problem.code) from problem
    for sentence in result.problems:
        sys.stderr.write(f"demo: {sentence}\n")
    if not result.problems:
        progress.step("done")
    outcome = (
        f"demo: failed, {len(result.problems)} counts do not add up"
        if result.problems
        else last_line(result.counts, orders=len(orders))
    )
    _output.show(
        document(result.counts, orders=len(orders), problems=result.problems),
        as_json=as_json,
        human=lambda: [outcome],
    )
    if result.problems:
        raise typer.Exit(FAILED)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
