"""`penstock profiles`."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from cli import _output, _timeline, _times, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson, Limit
from cli.client import Client

COLUMNS: Final = ("id", "external_id", "email", "phone", "updated_at")

app = typer.Typer(no_args_is_help=True, help="Profiles: what is known of each person.")


@app.command("list")
def list_all(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List profiles, in the order of their ids."""
    profiles = list(client.connect().each("/v1/profiles", limit=limit))
    _output.show(
        {"data": profiles}, as_json=as_json, human=lambda: _output.table(profiles, COLUMNS)
    )


@app.command()
def show(  # noqa: PLR0913 - each option of the command is a parameter
    profile_id: Annotated[str | None, typer.Argument(help="The profile's id.")] = None,
    *,
    external_id: Annotated[str | None, typer.Option(help="The customer's own id.")] = None,
    email: Annotated[str | None, typer.Option(help="An e-mail address of the person.")] = None,
    phone: Annotated[str | None, typer.Option(help="A telephone number of the person.")] = None,
    anonymous_id: Annotated[str | None, typer.Option(help="A device's or a browser's.")] = None,
    name: Annotated[
        str | None, typer.Option(metavar="KIND=NAME", help="A name of a kind of your own.")
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="With what happened to the person, newest first.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option(help="Of the timeline only event, change, merge, unmerge or refusal."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Of the timeline: a time, or an age such as 24h.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Of the timeline, at most this many entries.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a person, by the profile's id or by one name of the person.

    With --timeline and --json the key `timeline` lists the entries; see
    `GET /v1/profiles/{profile_id}/timeline`.
    """
    named = {
        "external_id": external_id,
        "email": email,
        "phone": phone,
        "anonymous_id": anonymous_id,
    }
    given = {kind: value for kind, value in named.items() if value is not None}
    if name is not None:
        kind, _, value = name.partition("=")
        given[kind] = value
    if len(given) + (profile_id is not None) != 1:
        raise WrongUsage(
            "give one of: a profile's id, --external-id, --email, --phone, --anonymous-id, --name",
            code="not_one_name",
        )
    api = client.connect()
    if profile_id is None:
        profile = _found(api, given)
    else:
        profile = api.get(f"/v1/profiles/{client.segment(profile_id)}")
    if not timeline:
        _output.show(profile, as_json=as_json, human=lambda: _output.record(profile))
        return
    path = f"/v1/profiles/{client.segment(profile['id'])}/timeline"
    query = {"kind": kind, "since": _times.parse(since)}
    entries = list(api.each(path, query, limit=limit))

    def human() -> Iterator[_output.Part]:
        yield _output.record(profile)
        yield ""
        yield from _timeline.lines(entries)

    _output.show({**profile, "timeline": entries}, as_json=as_json, human=human)


def _found(api: Client, names: dict[str, str]) -> Any:
    found = api.get("/v1/profiles", names)["data"]
    if not found:
        (name,) = names
        raise CommandFailed(f"no profile is found by this {name}", code="profile_not_found")
    return found[0]
