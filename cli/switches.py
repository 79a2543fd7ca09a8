"""`penstock admin pause`, `resume` and `drain`: an installation that stands still for a while."""

import time
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _deeds, _installation, _numbers, _output
from cli._errors import CommandFailed
from cli._installation import Installation, Stack, refusals
from cli._output import AsJson
from cli._progress import progress
from runtime.core import timestamps
from runtime.core.operations.deeds import Deed
from runtime.core.operations.switches import Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.stores.aws.queue_depths import Depth
    from runtime.stores.operations.switches import StoredSwitches

# SQS counts messages on several servers, and the counts agree after a moment: one zero is not yet
# an empty queue.
EMPTY_LOOKS: Final = 3
COLUMNS: Final = ("switch", "paused_at")
What = Annotated[Switch, typer.Argument(help="intake or delivery.")]


def pause(what: What, *, stack: Stack = None, as_json: AsJson = False) -> None:
    """Pause the intake of events, or all deliveries, of an installation; nothing is lost.

    While the intake is paused, the API answers calls that send events with 503 and says when to
    come again. Events that are put on the bus are taken as ever. While deliveries are paused, they
    wait on record, and lose no attempt. Workers know of it after five seconds at most.
    """
    at = timestamps.timestamp(datetime.now(UTC))
    stored = _switch(what, Deed.PAUSED, lambda stored: stored.pause(what, at=at), stack)
    _show(stored, as_json=as_json)


def resume(what: What, *, stack: Stack = None, as_json: AsJson = False) -> None:
    """Let the intake or the deliveries go on.

    The deliveries that wait go out in the order in which they came, up to 8,000 a minute from the
    next minute on, beside those of new events.
    """
    stored = _switch(what, Deed.RESUMED, lambda stored: stored.resume(what), stack)
    _show(stored, as_json=as_json)


def drain(
    *,
    timeout_s: Annotated[
        float, _numbers.duration("--timeout-s", text="Give up after so many seconds.")
    ] = 1800,
    every_s: Annotated[
        float, _numbers.duration("--every-s", text="Look at the queues this often, in seconds.")
    ] = 5,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Wait until no queue holds work any more; dead letters do not count.

    Pause the intake first. Messages that wait for a retry count, which may take 15 minutes. Exit
    code 1 when the time is over.
    """
    started_s = time.monotonic()
    with refusals():
        _wait_until_empty(_installation.find(stack), timeout_s=timeout_s, every_s=every_s)
    document = {"drained": True, "waited_s": round(time.monotonic() - started_s)}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


def _wait_until_empty(installation: Installation, *, timeout_s: float, every_s: float) -> None:
    ends_s, empty_looks = time.monotonic() + timeout_s, 0
    with progress("draining") as work:
        while True:
            left = _at_work(installation)
            empty_looks = 0 if left else empty_looks + 1
            if empty_looks == EMPTY_LOOKS:
                return
            work.say(_told(left))
            if time.monotonic() >= ends_s:
                raise CommandFailed(
                    f"not drained after {timeout_s:g} s: {_told(left)}", code="not_drained"
                )
            Event().wait(every_s)


def _stored(installation: Installation) -> "StoredSwitches":
    from runtime.wiring import operations

    table = installation.output("ConfigTable")
    return operations.switches(installation.client("dynamodb"), config_table=table)


def _switch(
    what: Switch, deed: Deed, change: "Callable[[StoredSwitches], None]", stack: str | None
) -> "StoredSwitches":
    """Change a switch, on record; returns where all of them are stored."""
    with refusals():
        installation = _installation.find(stack)
        stored = _stored(installation)

        def stands() -> dict[str, Any]:
            return {"paused_at": stored.find().paused_at.get(what)}

        def do() -> dict[str, Any]:
            change(stored)
            return stands()

        _deeds.recorded(installation, deed, do=do, resource_id=what, before=stands())
    return stored


def _show(stored: "StoredSwitches", *, as_json: bool) -> None:
    with refusals():
        switches = stored.find()
    rows = [{"switch": each, "paused_at": switches.paused_at.get(each)} for each in Switch]
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(rows, COLUMNS))


def _at_work(installation: Installation) -> "Sequence[Depth]":
    """The queues that hold work."""
    from runtime.stores.aws import queue_depths

    depths = queue_depths.read(
        installation.stack, client=installation.client, now=datetime.now(UTC)
    )
    return [
        each for each in depths if not each.is_dead and each.waiting + each.in_flight + each.delayed
    ]


def _told(left: "Sequence[Depth]") -> str:
    counts = (
        f"{each.name} {each.waiting} waiting, {each.in_flight} in flight, {each.delayed} delayed"
        for each in left
    )
    return "; ".join(counts) or "all queues are empty"
