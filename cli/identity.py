"""`penstock identity`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from cli import _output, client
from cli._errors import WrongUsage
from cli._output import AsJson

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(*, as_json: AsJson = False) -> None:
    """Show by which rules names are read, and which of them may join people."""
    rules = client.connect().get("/v1/identity")
    _output.show(rules, as_json=as_json, human=lambda: _output.record(rules))


@app.command("set")
def set_rules(  # noqa: PLR0913 - each option of the command is a parameter
    *,
    default_country: Annotated[
        str | None,
        typer.Option(help="Whose telephone numbers those without + are, such as DE; '' for none."),
    ] = None,
    lower_local_part: Annotated[
        bool | None,
        typer.Option(help="Whether case counts for nothing before the @ of an address."),
    ] = None,
    own_kinds: Annotated[
        list[str] | None,
        typer.Option("--own-kind", help="A kind of names of your own; give all of them."),
    ] = None,
    max_values: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=N", help="How many names of a kind one person may have; the others stay."
        ),
    ] = None,
    blocked: Annotated[
        list[str] | None,
        typer.Option("--block", help="A value that names nobody; give all of them."),
    ] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change the rules of names that are given; the others stay."""
    api = client.connect()
    old = api.get("/v1/identity")
    changes = {
        "default_country": default_country,
        "lower_local_part": lower_local_part,
        "own_kinds": own_kinds,
        "max_values": None if max_values is None else _limits(max_values),
        "blocked": blocked,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise WrongUsage("say what to change; see --help", code="nothing_to_change")
    # What was read is what is written back, so nobody's change in between is undone.
    rules = api.put("/v1/identity", _changed(old, given), if_match=if_match or old["etag"])
    _output.show(rules, as_json=as_json, human=lambda: _output.record(rules))


def _changed(old: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    new = {**{name: value for name, value in old.items() if name != "etag"}, **given}
    new["default_country"] = new["default_country"] or None
    gone = set(old["own_kinds"]) - set(new["own_kinds"])
    kept = {kind: limit for kind, limit in old["max_values"].items() if kind not in gone}
    return {**new, "max_values": kept | given.get("max_values", {})}


def _limits(pairs: Sequence[str]) -> dict[str, int]:
    limits = {}
    for pair in pairs:
        kind, _, number = pair.partition("=")
        if not kind or not number.isascii() or not number.isdigit():
            raise WrongUsage(f"{pair}: write a kind and a number, such as email=1", code="no_limit")
        limits[kind] = int(number)
    return limits
