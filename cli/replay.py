"""`penstock admin replay`: the events of a time to one subscriber."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import _deeds, _installation, _output, _times
from cli._errors import WrongUsage
from cli._installation import Installation, Stack, refusals
from cli._output import AsJson
from cli._progress import progress
from runtime.core.operations.deeds import Deed

if TYPE_CHECKING:
    from runtime.wiring.operations import Replaying


def replay(  # noqa: PLR0913 - each option of the command is a parameter
    *,
    tenant: Annotated[str, typer.Option(help="Whose events.")],
    webhook: Annotated[str | None, typer.Option(help="The webhook that gets them.")] = None,
    function: Annotated[str | None, typer.Option(help="The function that runs on them.")] = None,
    since: Annotated[str, typer.Option(help="A time, or an age such as 24h.")],
    until: _times.Until = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Hand the kept events of a time to one webhook or function, also those of before it was made.

    It gets what it takes by its topics and filters of now, the oldest first. What it has had under
    the same event's id is not sent again; `events replay` and `functions replay` do that.
    """
    if (webhook is None) == (function is None):
        raise WrongUsage("name the webhook or the function that gets the events", code="usage")
    first, last = _times.parse(since) or "", _times.parse(until) or _times.now()
    if first >= last:
        raise WrongUsage("--since must be before --until", code="usage")
    with refusals():
        installation = _installation.find(stack)
        replaying = _replaying(installation)
        subscriber = replaying.subscriber(tenant, webhook_id=webhook, function=function)

        def do() -> dict[str, Any]:
            with progress("replaying") as work:
                for done in replaying.replay(subscriber, since=first, until=last):
                    work.say(f"to {done.until}: {done.matched} of {done.looked_at} events")
            return {"tenant": tenant, "since": first, **asdict(done)}

        whom = webhook or function
        replayed = _deeds.recorded(installation, Deed.REPLAYED, do=do, resource_id=whom)
    document = {name: replayed[name] for name in ("until", "looked_at", "matched")}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


def _replaying(installation: Installation) -> "Replaying":
    from runtime.wiring import operations

    return operations.replaying(
        client=installation.client,
        stack=installation.stack,
        config_table=installation.output("ConfigTable"),
        events_table=installation.output("EventsTable"),
        bucket=installation.output("Bucket"),
    )
