"""`penstock webhooks`."""

import threading
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _numbers, _output, client, deliveries, webhook_access
from cli._errors import WrongUsage
from cli._live import WebhookId
from cli._output import AsJson
from cli._progress import progress

COLUMNS: Final = ("id", "name", "enabled", "topics", "url")
REPLAYS: Final = ("id", "state", "replayed", "passed_over", "since", "until", "to", "created_at")
LOOK_AGAIN_S: Final = 0.5
Limit = Annotated[int, typer.Option(min=1, help="At most this many.")]

OwnSecret = Annotated[
    bool, typer.Option("--own-secret", help="Read your own whsec_… from standard input.")
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(  # noqa: PLR0913 - each option of the command is a parameter
    name: Annotated[str, typer.Option(help="What people call it.")],
    url: Annotated[str, typer.Option(help="https, a public DNS name.")],
    topic: Annotated[list[str], typer.Option(help="An exact topic or a prefix.*; repeatable.")],
    *,
    filter_file: Annotated[
        Path | None, typer.Option("--filter", help="JSON file with an EventBridge pattern.")
    ] = None,
    transform: Annotated[
        str | None, typer.Option(help="The function that makes the payload.")
    ] = None,
    retry: Annotated[
        list[int] | None, typer.Option(help="A retry delay in seconds; repeatable.")
    ] = None,
    timeout_s: Annotated[int | None, typer.Option(help="Total deadline of an attempt.")] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help="standard, klaviyo or cloudevents.")
    ] = None,
    handshake: Annotated[
        bool, typer.Option("--handshake", help="cloudevents: ask the receiver first.")
    ] = False,
    access_file: Annotated[
        Path | None,
        typer.Option("--access", help="JSON: headers, auth, client_certificate; - is stdin."),
    ] = None,
    own_secret: OwnSecret = False,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="Sign with a private key as well (v1a).")
    ] = False,
    rate: Annotated[
        str | None, typer.Option(help="At most so many attempts, e.g. 10/second, 600/hour.")
    ] = None,
    max_concurrency: Annotated[
        int | None, typer.Option(help="At most so many attempts at the same time.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a webhook; its signing secret is printed once, here."""
    settings = {
        "filter": None if filter_file is None else _files.read_json(filter_file),
        "transform": transform,
        "retry_schedule_s": retry or None,
        "timeout_s": timeout_s,
        "format": format_name,
        "handshake": handshake or None,
        "secret": _files.read_secret("the signing secret") if own_secret else None,
        "ed25519": ed25519 or None,
        "rate_limit": None if rate is None else _rate(rate),
        "max_concurrency": max_concurrency,
    }
    chosen = {setting: value for setting, value in settings.items() if value is not None}
    body: dict[str, Any] = {"name": name, "url": url, "topics": topic, **chosen}
    if access_file is not None:
        body |= webhook_access.read(access_file)
    webhook = client.connect().post("/v1/webhooks", body)
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))


@app.command()
def update(  # noqa: PLR0913 - each option of the command is a parameter
    webhook_id: WebhookId,
    *,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    url: Annotated[str | None, typer.Option(help="https, a public DNS name.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="All that it listens to from now on; repeatable.")
    ] = None,
    filter_file: Annotated[
        Path | None, typer.Option("--filter", help="JSON file with an EventBridge pattern.")
    ] = None,
    no_filter: Annotated[bool, typer.Option("--no-filter", help="Take the filter away.")] = False,
    transform: Annotated[
        str | None, typer.Option(help="The function that makes the payload.")
    ] = None,
    no_transform: Annotated[
        bool, typer.Option("--no-transform", help="Take the transform away.")
    ] = False,
    retry: Annotated[
        list[int] | None, typer.Option(help="A retry delay in seconds; repeatable.")
    ] = None,
    default_schedule: Annotated[
        bool, typer.Option("--default-schedule", help="Go back to the default retries.")
    ] = False,
    timeout_s: Annotated[int | None, typer.Option(help="Total deadline of an attempt.")] = None,
    handshake: Annotated[
        bool | None,
        typer.Option("--handshake/--no-handshake", help="cloudevents: ask the receiver first."),
    ] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a webhook; what is not named stays. See also `limit`, `access`, `rotate-secret`."""
    settings = {
        "name": name,
        "url": url,
        "topics": topic or None,
        "filter": None if filter_file is None else _files.read_json(filter_file),
        "transform": transform,
        "retry_schedule_s": retry or None,
        "timeout_s": timeout_s,
        "handshake": handshake,
    }
    changes = {setting: value for setting, value in settings.items() if value is not None}
    removals = {
        "filter": no_filter,
        "transform": no_transform,
        "retry_schedule_s": default_schedule,
    }
    for setting in (setting for setting, is_removed in removals.items() if is_removed):
        if setting in changes:
            raise WrongUsage(f"{setting} is both given and taken away", code="bad_update")
        changes[setting] = None
    if not changes:
        raise WrongUsage("name something to change", code="bad_update")
    path = f"/v1/webhooks/{client.segment(webhook_id)}"
    webhook = client.connect().patch(path, changes, if_match=if_match)
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))


@app.command("test")
def try_out(
    webhook_id: WebhookId,
    *,
    wait_s: Annotated[
        float, _numbers.duration(text="How long to wait for the first attempt.")
    ] = 15,
    as_json: AsJson = False,
) -> None:
    """Send a webhook one made-up event, past its topics and transform, and show what came of it."""
    api = client.connect()
    delivery = api.post(f"/v1/webhooks/{client.segment(webhook_id)}/test")
    end_s = time.monotonic() + wait_s
    with progress("waiting for the first attempt") as work:
        while not delivery["attempts"] and time.monotonic() < end_s:
            work.say(delivery["status"])
            threading.Event().wait(LOOK_AGAIN_S)
            delivery = api.get(f"/v1/deliveries/{client.segment(delivery['id'])}")
    _output.show(delivery, as_json=as_json, human=lambda: deliveries.lines(delivery))


@app.command("list")
def list_all(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List webhooks."""
    webhooks = list(client.connect().each("/v1/webhooks", limit=limit))
    _output.show(
        {"data": webhooks}, as_json=as_json, human=lambda: _output.table(webhooks, COLUMNS)
    )


@app.command()
def show(webhook_id: WebhookId, *, as_json: AsJson = False) -> None:
    """Show a webhook."""
    webhook = client.connect().get(f"/v1/webhooks/{client.segment(webhook_id)}")
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))


@app.command()
def enable(
    webhook_id: WebhookId, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Switch a webhook on; what it missed can be replayed."""
    _switch(webhook_id, "enable", if_match=if_match, as_json=as_json)


@app.command()
def disable(
    webhook_id: WebhookId, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Switch a webhook off; what is due ends as skipped."""
    _switch(webhook_id, "disable", if_match=if_match, as_json=as_json)


@app.command()
def delete(
    webhook_id: WebhookId, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Delete a webhook."""
    client.connect().delete(f"/v1/webhooks/{client.segment(webhook_id)}", if_match=if_match)
    deleted = {"deleted": webhook_id}
    _output.show(deleted, as_json=as_json, human=lambda: _output.record(deleted))


@app.command("rotate-secret")
def rotate_secret(
    webhook_id: WebhookId,
    *,
    overlap_s: Annotated[
        int | None, typer.Option(help="Seconds that the old one still signs; by default a day.")
    ] = None,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="Change the private key (v1a), or give it one.")
    ] = False,
    own_secret: OwnSecret = False,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change the signing secret; the new one is printed once, here, and both sign for a while."""
    settings = {
        "overlap_s": overlap_s,
        "kind": "ed25519" if ed25519 else None,
        "secret": _files.read_secret("the signing secret") if own_secret else None,
    }
    body = {name: value for name, value in settings.items() if value is not None}
    webhook = client.connect().post(
        f"/v1/webhooks/{client.segment(webhook_id)}/rotate-secret", body, if_match=if_match
    )
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))


app.command("access")(webhook_access.access)


@app.command()
def limit(
    webhook_id: WebhookId,
    *,
    rate: Annotated[str | None, typer.Option(help="e.g. 10/second; `none` lifts it.")] = None,
    max_concurrency: Annotated[
        int | None, typer.Option(min=0, help="Attempts at the same time; 0 lifts it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Limit what an endpoint gets; what is too much is delayed, not dropped."""
    changes: dict[str, Any] = {}
    if rate is not None:
        changes["rate_limit"] = None if rate == "none" else _rate(rate)
    if max_concurrency is not None:
        changes["max_concurrency"] = max_concurrency or None
    webhook = client.connect().patch(f"/v1/webhooks/{client.segment(webhook_id)}", changes)
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))


@app.command()
def replays(
    webhook_id: WebhookId,
    *,
    cancel: Annotated[str | None, typer.Option(help="Stop this replay (its id).")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List a webhook's replays and how far they are, or stop one."""
    path = f"/v1/webhooks/{client.segment(webhook_id)}/replays"
    if cancel is not None:
        stopped = client.connect().post(f"{path}/{client.segment(cancel)}/cancel")
        _output.show(stopped, as_json=as_json, human=lambda: _output.record(stopped))
        return
    replays = list(client.connect().each(path, limit=limit))
    _output.show({"data": replays}, as_json=as_json, human=lambda: _output.table(replays, REPLAYS))


def _rate(text: str) -> dict[str, Any]:
    count, _, per = text.partition("/")
    if not count.isascii() or not count.isdigit() or per not in ("second", "minute", "hour"):
        raise typer.BadParameter("must be like 10/second, 100/minute or 600/hour")
    return {"count": int(count), "per": per}


def _switch(webhook_id: str, what: str, *, if_match: str | None, as_json: bool) -> None:
    path = f"/v1/webhooks/{client.segment(webhook_id)}/{what}"
    webhook = client.connect().post(path, if_match=if_match)
    _output.show(webhook, as_json=as_json, human=lambda: _output.record(webhook))
