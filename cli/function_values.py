"""`penstock functions environment|secrets`: what a function's code sees besides its events."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, client
from cli._errors import CommandFailed, WrongUsage
from cli._names import nearest
from cli._output import AsJson
from cli.client import Client
from cli.function_versions import Name

SECRET_COLUMNS: Final = ("name", "version", "has_value", "set_at")
TRIES: Final = 5  # to change an environment that somebody else is changing too

environment = typer.Typer(no_args_is_help=True)
secrets = typer.Typer(no_args_is_help=True)
Secret = Annotated[str, typer.Argument(help="The secret's name, such as CRM_TOKEN.")]


@environment.command("show")
def show_environment(name: Name, *, as_json: AsJson = False) -> None:
    """Show a function's environment and its version."""
    shown = client.connect().get(f"/v1/functions/{client.segment(name)}/environment")
    _output.show(shown, as_json=as_json, human=lambda: _environment_lines(name, shown))


@environment.command("set")
def set_environment(
    name: Name,
    pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="What to set.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Set values of a function's environment; the others stay. The next run sees them."""
    values = dict(_pair(each) for each in pairs)
    shown = changed(client.connect(), name, lambda old: {**old, **values})
    _output.show(shown, as_json=as_json, human=lambda: _environment_lines(name, shown))


@environment.command("unset")
def unset_environment(
    name: Name,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="What to take away.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Take values out of a function's environment; the others stay."""

    def without(old: Mapping[str, str]) -> dict[str, str]:
        for key in keys:
            if key not in old:
                known = nearest(key, sorted(old)) if old else "It has none"
                raise CommandFailed(f"{name} has no {key}; {known}", code="not_in_environment")
        return {key: value for key, value in old.items() if key not in keys}

    shown = changed(client.connect(), name, without)
    _output.show(shown, as_json=as_json, human=lambda: _environment_lines(name, shown))


@secrets.command("list")
def list_secrets(name: Name, *, as_json: AsJson = False) -> None:
    """List a function's secrets and their versions; a value is never shown."""
    listed = client.connect().get(f"/v1/functions/{client.segment(name)}/secrets")["data"]
    _output.show(
        {"data": listed}, as_json=as_json, human=lambda: _output.table(listed, SECRET_COLUMNS)
    )


@secrets.command("set")
def set_secret(
    name: Name, secret: Secret, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Set a secret; its value is read from standard input, never from the command line."""
    value = _files.read_secret(secret)
    client.connect().put(
        f"/v1/functions/{client.segment(name)}/secrets/{client.segment(secret)}",
        {"value": value},
        if_match=if_match,
    )
    document = {"function": name, "secret": secret, "set": True}
    _output.show(document, as_json=as_json, human=lambda: [f"set {secret} of {name}"])


@secrets.command("unset")
def unset_secret(
    name: Name, secret: Secret, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Forget a secret's value; its name stays declared."""
    client.connect().delete(
        f"/v1/functions/{client.segment(name)}/secrets/{client.segment(secret)}", if_match=if_match
    )
    document = {"function": name, "secret": secret, "set": False}
    _output.show(document, as_json=as_json, human=lambda: [f"{secret} of {name} has no value now"])


def without_value(name: str, secret: str) -> str:
    """What to do about a declared secret that has no value."""
    return f"{secret} has no value; `penstock functions secrets set {name} {secret}` sets it"


def changed(
    api: Client, name: str, change: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> Any:
    """The environment after a change that undoes nobody else's.

    Raises:
        CommandFailed: code `environment_changed` or `function_changed`: others keep changing it.
    """
    path = f"/v1/functions/{client.segment(name)}/environment"
    for tries_left in reversed(range(TRIES)):
        old = api.get(path)
        try:
            return api.put(path, {"values": change(old["values"]), "version": old["version"]})
        except CommandFailed as refusal:
            if refusal.code not in ("environment_changed", "function_changed") or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise WrongUsage(f"{text!r} must be like KEY=VALUE", code="bad_pair")
    return key, value


def _environment_lines(name: str, shown: Any) -> list[str]:
    values = [f"{key}={value}" for key, value in sorted(shown["values"].items())]
    return [f"{name}'s environment, version {shown['version']}:", *(values or ["(none)"])]
