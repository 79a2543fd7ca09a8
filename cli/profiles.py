"""`penstock profiles`."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import _output, _timeline, _times, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli.client import Client

app = typer.Typer(no_args_is_help=True, help="Profiles: what is known of each person.")


@app.callback()
def group() -> None:
    """Keep `show` a command of its own, though it is the only one."""


@app.command()
def show(  # noqa: PLR0913 - each option of the command is a parameter
    profile_id: Annotated[str | None, typer.Argument(help="The profile's id.")] = None,
    *,
    external_id: Annotated[str | None, typer.Option(help="The customer's own id.")] = None,
    email: Annotated[
        str | None, typer.Option(help="If the events name no external id beside it.")
    ] = None,
    phone: Annotated[
        str | None, typer.Option(help="If the events name neither of the others.")
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
    named = {"external_id": external_id, "email": email, "phone": phone}
    given = {name: value for name, value in named.items() if value is not None}
    if len(given) + (profile_id is not None) != 1:
        raise WrongUsage(
            "give one of: a profile's id, --external-id, --email, --phone", code="not_one_name"
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
        raise CommandFailed(
            f"no profile is found by this {name}; one whose events also name a stronger identifier"
            " (external_id, then email, then phone) is found by that only",
            code="profile_not_found",
        )
    return found[0]
