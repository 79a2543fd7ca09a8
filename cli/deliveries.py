"""`penstock deliveries`."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli import _follow, _live, _output, _times, client
from cli._follow import ForS, changes
from cli._output import AsJson, Part

COLUMNS: Final = ("id", "status", "reason", "topic", "webhook_id", "event_id", "created_at")
ATTEMPT_COLUMNS: Final = ("number", "started_at", "status", "error", "duration_ms", "sentence")
TAIL_COLUMNS: Final = ("created_at", "status", "reason", "topic", "webhook_id", "id")

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(  # noqa: PLR0913 - each option of the command is a parameter
    *,
    webhook: Annotated[
        str | None,
        typer.Option(help="Only of this webhook (its id).", autocompletion=_live.webhooks),
    ] = None,
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
    """List deliveries, the newest first; those that are pending, the next due first."""
    query = {
        "webhook": webhook,
        "status": status,
        "topic": topic,
        "event": event,
        "since": _times.parse(since),
        "until": _times.parse(until),
    }
    deliveries = list(client.connect().each("/v1/deliveries", query, limit=limit))
    _output.show(
        {"data": deliveries}, as_json=as_json, human=lambda: _output.table(deliveries, COLUMNS)
    )


@app.command()
def show(delivery_id: str, *, as_json: AsJson = False) -> None:
    """Show a delivery with its body and every attempt."""
    delivery = client.connect().get(f"/v1/deliveries/{client.segment(delivery_id)}")
    _output.show(delivery, as_json=as_json, human=lambda: lines(delivery))


@app.command()
def retry(delivery_id: str, *, as_json: AsJson = False) -> None:
    """Send a delivery again now, under the same id, also one that waits for its next attempt.

    Its function runs again if it has no body.
    """
    delivery = client.connect().post(f"/v1/deliveries/{client.segment(delivery_id)}/retry")
    _output.show(delivery, as_json=as_json, human=lambda: _retried(delivery))


@app.command()
def tail(
    *,
    webhook: Annotated[
        str | None,
        typer.Option(help="Only of this webhook (its id).", autocompletion=_live.webhooks),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only of this exact topic.")] = None,
    for_s: ForS = None,
    as_json: AsJson = False,
) -> None:
    """Show deliveries as they come and change; with --json all of them at the end."""
    query = {"webhook": webhook, "topic": topic}
    rows = changes(client.connect(), "/v1/deliveries", query, began=datetime.now(UTC), for_s=for_s)
    _follow.tail(
        rows,
        lines=lambda row: ["  ".join(str(row[name] or "-") for name in TAIL_COLUMNS)],
        as_json=as_json,
    )


def _retried(delivery: Mapping[str, Any]) -> Iterable[Part]:
    yield from lines(delivery)
    if delivery["status"] != "pending":
        yield ""
        yield (
            "its function runs again, and it is sent when that succeeds;"
            f" `penstock deliveries show {delivery['id']}` shows how it is"
        )


def lines(delivery: Mapping[str, Any]) -> Iterable[Part]:
    """A delivery for people: its fields, its attempts, and what the receiver answered to each."""
    yield _output.record({k: v for k, v in delivery.items() if k != "attempts"})
    yield ""
    yield _output.table(delivery["attempts"], ATTEMPT_COLUMNS)
    for attempt in delivery["attempts"]:
        answer = _output.excerpt(attempt["answer_excerpt"])
        yield from ["", f"attempt {attempt['number']}", *answer] if answer else []
