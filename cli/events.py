"""`penstock events`."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _live, _output, _times, _trace, client
from cli._errors import CommandFailed
from cli._output import AsJson
from cli.client import Client

BATCH: Final = 100
MAX_BATCH_BYTES: Final = 4_000_000  # a Function URL takes 6 MB, and base64 may be in between
MAX_TRACED: Final = 100_000  # more subscribers than any tenant has

COLUMNS: Final = ("id", "topic", "received_at", "origin", "profile")

app = typer.Typer(no_args_is_help=True)


@app.command()
def send(
    file: Annotated[
        Path,
        typer.Argument(help='JSON (an event, a list, or {"events": […]}) or JSONL; - is stdin'),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Send the events of FILE; exit 1 when one was rejected, the others are sent all the same."""
    api = client.connect()
    accepted: list[Any] = []
    rejected: list[Any] = []
    total = 0
    for batch in _batches(_events(file)):
        answer = _send(api, batch)
        accepted += answer["accepted"]
        rejected += [{**each, "index": each["index"] + total} for each in answer["rejected"]]
        total += len(batch)
    document = {"accepted": accepted, "rejected": rejected}
    if rejected:
        first = rejected[0]
        raise CommandFailed(
            f"{len(rejected)} of {total} events were rejected; the first, number {first['index']}:"
            f" {first['field']} {first['message']}",
            code="events_rejected",
            details=document,
        )
    _output.show(document, as_json=as_json, human=lambda: [f"accepted {len(accepted)} events"])


@app.command("list")
def list_all(
    *,
    topic: Annotated[str | None, typer.Option(help="Only of this exact topic.")] = None,
    since: Annotated[str | None, typer.Option(help="A time, or an age such as 24h.")] = None,
    until: Annotated[str | None, typer.Option(help="A time, or an age such as 1h.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the events that are kept, the newest first."""
    query = {"topic": topic, "since": _times.parse(since), "until": _times.parse(until)}
    events = list(client.connect().each("/v1/events", query, limit=limit))
    _output.show({"data": events}, as_json=as_json, human=lambda: _output.table(events, COLUMNS))


@app.command()
def show(
    event_id: Annotated[str, typer.Argument(help="The event's id.")], *, as_json: AsJson = False
) -> None:
    """Show an event as it came, who took it, why the others did not, and what came of it.

    With --json the key `trace` lists every function and webhook; see `GET /v1/traces/{event_id}`.
    """
    api, segment = client.connect(), client.segment(event_id)
    event = api.get(f"/v1/events/{segment}")
    trace = list(api.each(f"/v1/traces/{segment}", limit=MAX_TRACED))

    def human() -> Iterator[str]:
        yield from _output.record(event)
        yield from _trace.lines(event, trace)

    _output.show({**event, "trace": trace}, as_json=as_json, human=human)


@app.command()
def replay(  # noqa: PLR0913 - each option of the command is a parameter
    webhook: Annotated[
        str,
        typer.Option(help="Whose deliveries (the webhook's id).", autocompletion=_live.webhooks),
    ],
    *,
    since: Annotated[str | None, typer.Option(help="A time, or an age such as 24h.")] = None,
    until: Annotated[str | None, typer.Option(help="A time, or an age such as 1h.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="Repeatable; by default what was missed.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only of this exact topic.")] = None,
    to: Annotated[str | None, typer.Option(help="Another webhook that gets them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send deliveries again, by default all that was missed; a job, see `webhooks replays`."""
    filters: dict[str, Any] = {
        "statuses": status or None,
        "since": _times.parse(since),
        "until": _times.parse(until),
        "topic": topic,
        "to": to,
    }
    body = {name: value for name, value in filters.items() if value is not None}
    job = client.connect().post(f"/v1/webhooks/{client.segment(webhook)}/replay", body)
    _output.show(job, as_json=as_json, human=lambda: _output.record(job))


def _send(api: Client, batch: list[Any]) -> Any:
    try:
        return api.post("/v1/events", {"events": batch})
    except CommandFailed as refusal:
        if "rejected" not in refusal.details:
            raise
        # The API rejects all events of this batch; the batches after it are sent all the same.
        return {"accepted": [], "rejected": refusal.details["rejected"]}


def _events(file: Path) -> list[Any]:
    text = _files.read_text(file)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return [
            _files.parse_json(line, origin=f"{file} line {number}")
            for number, line in _files.lines(text)
        ]
    _files.check_sendable(document, origin=str(file))
    if isinstance(document, dict) and set(document) == {"events"}:
        document = document["events"]
    return document if isinstance(document, list) else [document]


def _batches(events: list[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    room = MAX_BATCH_BYTES
    for event in map(_with_id, events):
        size = len(json.dumps(event))
        if batch and (len(batch) == BATCH or size > room):
            yield batch
            batch, room = [], MAX_BATCH_BYTES
        batch.append(event)
        room -= size
    if batch:
        yield batch


def _with_id(event: Any) -> Any:
    # With an id from here, an event that is sent again after a lost answer is not another event.
    if isinstance(event, dict) and event.get("id") is None:
        return {**event, "id": f"evt_{uuid.uuid4().hex}"}
    return event
