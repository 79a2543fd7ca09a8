"""`penstock events`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _live, _output, _sending, _times, _trace, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli._sending import Sending

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
    resume: Annotated[
        str | None, typer.Option(help="Go on where the command has said that it broke off.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send the events of FILE; exit 1 when one was rejected, the others are sent all the same."""
    place = _sending.beginning() if resume is None else _sending.parse(resume)
    events = _events(file)
    sending = Sending(events=events, place=place)
    api = client.connect()
    try:
        sending.run(api)
    except WrongUsage:  # of an event that cannot be sent: to go on with it would not help
        raise
    except CommandFailed as problem:
        raise CommandFailed(
            f"{problem.message}; {_way_on(file, sending)}",
            code=problem.code,
            details={**problem.details, **_so_far(sending), "resume": str(sending.place)},
        ) from problem
    except KeyboardInterrupt:
        _output.say(_way_on(file, sending), err=True)
        raise
    document, rejected = _so_far(sending), sending.rejected
    if rejected:
        first = rejected[0]
        raise CommandFailed(
            f"{len(rejected)} of {len(events)} events were rejected; the first, number"
            f" {first['index']}: {first['field']} {first['message']}",
            code="events_rejected",
            details=document,
        )
    _output.show(
        document, as_json=as_json, human=lambda: [f"accepted {len(sending.accepted)} events"]
    )


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

    def human() -> Iterator[_output.Part]:
        yield _output.record(event)
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


def _so_far(sending: Sending) -> dict[str, Any]:
    return {"accepted": sending.accepted, "rejected": sending.rejected}


def _way_on(file: Path, sending: Sending) -> str:
    sent = f"{sending.place.number - 1} of {len(sending.events)} events have been sent"
    return f"{sent}; `penstock events send {file} --resume {sending.place}` goes on"


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
