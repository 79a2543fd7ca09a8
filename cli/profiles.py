"""`penstock profiles`."""

from typing import Annotated, Any

import typer

from cli import _output, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli.client import Client

app = typer.Typer(no_args_is_help=True, help="Profiles: what is known of each person.")


@app.callback()
def group() -> None:
    """Keep `show` a command of its own, though it is the only one."""


@app.command()
def show(
    profile_id: Annotated[str | None, typer.Argument(help="The profile's id.")] = None,
    *,
    external_id: Annotated[str | None, typer.Option(help="The customer's own id.")] = None,
    email: Annotated[
        str | None, typer.Option(help="If the events name no external id beside it.")
    ] = None,
    phone: Annotated[
        str | None, typer.Option(help="If the events name neither of the others.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a person, by the profile's id or by one name of the person."""
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
    _output.show(profile, as_json=as_json, human=lambda: _output.record(profile))


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
