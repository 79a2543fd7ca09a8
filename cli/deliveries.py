"""`penstock deliveries`."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import typer

from cli import _output, _times, client
from cli._output import AsJson

COLUMNS: Final = ("id", "status", "reason", "topic", "webhook_id", "event_id", "created_at")
ATTEMPT_COLUMNS: Final = ("number", "started_at", "status", "error", "duration_ms", "sentence")

app = typer.Typer(no_args_is_help=True, help="Deliveries: one event for one webhook.")


@app.command("list")
def list_all(  # noqa: PLR0913 - each option of the command is a parameter
    *,
    webhook: Annotated[str | None, typer.Option(help="Only of this webhook (its id).")] = None,
    status: Annotated[
        str | None, typer.Option(help="pending, delivered, dead, skipped or dropped.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only of this exact topic.")] = None,
    event: Annotated[str | None, typer.Option(help="Only of this event (its id).")] = None,
    since: Annotated[str | None, typer.Option(help="A time, or an age such as 24h.")] = None,
    until: Annotated[str | None, typer.Option(help="A time, or an age such as 1h.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the newest first."""
    query = {
        "webhook": webhook,
        "status": status,
        "topic": topic,
        "event": event,
        "since": _times.parse(since),
        "until": _times.parse(until),
    }
    found = list(client.connect().each("/v1/deliveries", query, limit=limit))
    _output.show({"data": found}, as_json=as_json, human=lambda: _output.table(found, COLUMNS))


@app.command()
def show(delivery_id: str, *, as_json: AsJson = False) -> None:
    """Show a delivery with its body and every attempt."""
    delivery = client.connect().get(f"/v1/deliveries/{delivery_id}")
    _output.show(delivery, as_json=as_json, human=lambda: _lines(delivery))


@app.command()
def retry(delivery_id: str, *, as_json: AsJson = False) -> None:
    """Send a delivery again now, under the same id."""
    delivery = client.connect().post(f"/v1/deliveries/{delivery_id}/retry")
    _output.show(delivery, as_json=as_json, human=lambda: _lines(delivery))


def _lines(delivery: Mapping[str, Any]) -> Iterable[str]:
    yield from _output.record({k: v for k, v in delivery.items() if k != "attempts"})
    yield ""
    yield from _output.table(delivery["attempts"], ATTEMPT_COLUMNS)
